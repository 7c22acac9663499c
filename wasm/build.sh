#!/usr/bin/env bash
# wasm/build.sh OUT: builds the WASM engine and puts its library and headers into OUT, once.
# Takes 4 to 6 minutes and 1.2 GB of disk, which are free again afterwards.
# wasm/build.sh --check: whether there is a Rust that can build it.
set -euo pipefail

here=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd)
out=${1:?"usage: wasm/build.sh OUT | --check"}
least=1.93

# new_enough RUSTC: whether this compiler can build the crate.
new_enough() {
  local version
  version=$("$1" --version 2>/dev/null | awk '{print $2}') || return 1
  [[ -n $version && $(printf '%s\n%s\n' "$least" "$version" | sort -V | head -n 1) == "$least" ]]
}

# find_cargo: sets what builds it; false when there is no Rust that is new enough.
find_cargo() {
  if command -v cargo >/dev/null && command -v rustc >/dev/null && new_enough rustc; then
    cargo=cargo
  elif new_enough /usr/bin/rustc && [[ -x /usr/bin/cargo ]]; then
    cargo=/usr/bin/cargo
    export RUSTC=/usr/bin/rustc
  else
    echo "the WASM engine needs Rust $least or newer (Debian: rustc-web, cargo-web);" \
      "or build without plugins: cmake -DM3U_PROXY_WASM=OFF" >&2
    return 1
  fi
}

if [[ $out == --check ]]; then
  find_cargo
  exit
fi
[[ -f $out/libm3u_proxy_wasmtime.a && -d $out/include ]] && exit 0
find_cargo || exit 1

mkdir -p "$out"
exec 9>"$out/.lock"
flock 9 # another build may be at it
[[ -f $out/libm3u_proxy_wasmtime.a && -d $out/include ]] && exit 0

target=${CARGO_TARGET_DIR:-$out/target}
"$cargo" build --release --locked --manifest-path "$here/Cargo.toml" --target-dir "$target" >&2
rm -rf "$out/include"
cp -r "$target/include" "$out/include"
cp "$target/release/libm3u_proxy_wasmtime.a" "$out/.new.a"
mv "$out/.new.a" "$out/libm3u_proxy_wasmtime.a"
[[ -n ${CARGO_TARGET_DIR:-} ]] || rm -rf "$target"
