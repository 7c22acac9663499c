#!/usr/bin/env bash
# Builds the sample plugins, and the tuned deduplicators of bench/: OUT/NAME.wasm and OUT/NAME.toml.
#
#   sdk/build.sh OUT [cpp|wasi|rust|misbehaving]…
#
# cpp: what needs clang-19 and lld-19 only. wasi: what also needs wasi-libc, libc++-19-dev-wasm32 and
# libclang-rt-19-dev-wasm32. rust: what needs rustc-web, cargo-web and rust-web-src. misbehaving:
# modules as text (.wat) that break the rules, for the tests. Without a kind: all of them; a kind
# whose tools are missing is left out, and that is said. CARGO_TARGET_DIR keeps Rust's standard
# library between builds.
set -euo pipefail

SDK=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
TUNED=$SDK/../bench/deduplicators
CXX=${M3U_CXX:-clang++-19}
CARGO=${M3U_CARGO:-/usr/bin/cargo}
RUSTC=${M3U_RUSTC:-/usr/bin/rustc}
RUST_SOURCE=$("$RUSTC" --print sysroot 2>/dev/null || true)/lib/rustlib/src/rust/library

FLAGS=(-std=c++20 -O2 -msimd128 -mbulk-memory -fno-exceptions -fno-rtti -fno-threadsafe-statics
  -Wall -Wextra -Werror "-I$SDK/cpp" "-Wl,--strip-all")
FREESTANDING=(--target=wasm32-unknown-unknown -nostdlib "-Wl,--no-entry"
  "-Wl,-z,stack-size=65536")
WASI=(--target=wasm32-wasi -mexec-model=reactor)
WASI_SAMPLES=(name_cleaner)

skip() { printf 'sdk: no %s samples: %s\n' "$1" "$2" >&2; }

# What is newer than the module is built again.
up_to_date() {
  local target=$1 source
  shift
  [[ -f $target ]] || return 1
  for source in "$@" "$SDK/build.sh"; do [[ $target -nt $source ]] || return 1; done
}

# compile SOURCE FLAG…: one plugin, which has its manifest beside it.
compile() {
  local source=$1 name
  name=$(basename "$source" .cpp)
  shift
  cp "${source%.cpp}.toml" "$OUT/"
  up_to_date "$OUT/$name.wasm" "$SDK/cpp/m3u_plugin.hpp" "$TUNED/cpp"/*.hpp "$source" || {
    "$CXX" "$@" "${FLAGS[@]}" "$source" -o "$OUT/$name.wasm.new"
    mv "$OUT/$name.wasm.new" "$OUT/$name.wasm"
  }
}

is_wasi() { [[ " ${WASI_SAMPLES[*]} " == *" $1 "* ]]; }

build_cpp() {
  local source
  if ! command -v "$CXX" >/dev/null; then
    skip cpp "there is no $CXX (packages clang-19 lld-19)"
    return
  fi
  for source in "$SDK/samples/cpp"/*.cpp "$TUNED/cpp"/*.cpp; do
    is_wasi "$(basename "$source" .cpp)" || compile "$source" "${FREESTANDING[@]}"
  done
}

build_wasi() {
  local name
  if ! echo '#include <vector>' |
    "$CXX" --target=wasm32-wasi -x c++ -fsyntax-only - 2>/dev/null; then
    skip wasi "packages wasi-libc libc++-19-dev-wasm32 libclang-rt-19-dev-wasm32 are missing"
    return
  fi
  for name in "${WASI_SAMPLES[@]}"; do
    compile "$SDK/samples/cpp/$name.cpp" "${WASI[@]}"
  done
}

build_rust() {
  local workspace target manifest name
  if [[ ! -x $CARGO || ! -x $RUSTC || ! -d $RUST_SOURCE ]] || ! command -v wasm-ld-19 >/dev/null; then
    skip rust "packages rustc-web cargo-web rust-web-src lld-19 are missing"
    return
  fi
  for workspace in "$SDK/samples/rust" "$TUNED/rust"; do
    target=${CARGO_TARGET_DIR:-$workspace/target}
    (cd "$workspace" &&
      RUSTC_BOOTSTRAP=1 RUSTC=$RUSTC CARGO_TARGET_DIR=$target "$CARGO" build --release --locked --quiet)
    for manifest in "$workspace"/*.toml "$workspace"/*/*.toml; do
      name=$(basename "$manifest" .toml)
      [[ $name != Cargo && $name != rustfmt && -f $manifest ]] || continue
      cp "$manifest" "$OUT/"
      cp "$target/wasm32-unknown-unknown/release/$name.wasm" "$OUT/"
    done
  done
}

build_misbehaving() { cp "$SDK/samples/misbehaving"/*.wat "$SDK/samples/misbehaving"/*.toml "$OUT/"; }

[[ $# -ge 1 ]] || {
  sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}
OUT=$1
shift
mkdir -p "$OUT"
OUT=$(cd -- "$OUT" && pwd)
[[ $# -gt 0 ]] || set -- cpp wasi rust misbehaving
for kind in "$@"; do
  case $kind in
    cpp | wasi | rust | misbehaving) "build_$kind" ;;
    *)
      printf 'sdk: there is no kind "%s"\n' "$kind" >&2
      exit 2
      ;;
  esac
done
