# shellcheck shell=bash
# A part of ./dev: configuring and building presets.

# A compiler takes up to 1 GB, so there are no more of them than that allows.
jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
  echo $((memory < 1 ? 1 : memory < cores ? memory : cores))
}

# The library that cmake/M3uProxyWasmtime.cmake builds, where it looks for it.
wasm_engine() {
  local hash
  hash=$(printf '%s' "$(sha256sum <"$ROOT/wasm/Cargo.lock" | cut -d' ' -f1)" \
    "$(sha256sum <"$ROOT/wasm/Cargo.toml" | cut -d' ' -f1)" "$(uname -m)" | sha256sum | cut -c1-16)
  echo "${XDG_CACHE_HOME:-$HOME/.cache}/m3u-proxy/build/wasmtime-$hash/libm3u_proxy_wasmtime.a"
}

# CMake builds the engine when it configures for the first time, which needs Rust.
prepare_engine() {
  [[ -f $(wasm_engine) ]] && return
  "$ROOT/wasm/build.sh" --check 2>/dev/null || install "${PACKAGES_RUST[@]}"
  say "Building the WASM engine (once, 4 to 6 minutes)"
}

# configure PRESET [OPTION…]: once, and again when the options change.
configure() {
  local preset=$1 stamp=$BUILD/$1/.configured
  shift
  [[ -f $BUILD/$preset/build.ninja && $(cat "$stamp" 2>/dev/null) == "$*" ]] && return
  prepare_engine
  mkdir -p "$BUILD/$preset"
  # A clone that was moved since: CMake refuses the old cache.
  grep -qsxF "CMAKE_HOME_DIRECTORY:INTERNAL=$ROOT" "$BUILD/$preset/CMakeCache.txt" ||
    rm -f "$BUILD/$preset/CMakeCache.txt"
  if ! (cd "$ROOT" && cmake --preset "$preset" "$@") >"$BUILD/$preset/configure.log" 2>&1; then
    grep -A12 'CMake Error' "$BUILD/$preset/configure.log" >&2 ||
      tail -n 20 "$BUILD/$preset/configure.log" >&2
    return 1
  fi
  printf '%s\n' "$*" >"$stamp"
}

# build PRESET TARGET…: quiet unless something fails; the first time with a progress line on a
# terminal.
build() {
  local preset=$1 first=''
  shift
  [[ -f $BUILD/$preset/.built ]] || first=1
  [[ -z $first ]] || say "Building $preset (the first time takes minutes)"
  if [[ -n $first && -t 2 ]]; then
    ninja -C "$BUILD/$preset" -j "$(jobs)" "$@" >&2 || return 1
  else
    # What CMake says when ninja calls it again is of no interest.
    ninja -C "$BUILD/$preset" --quiet -j "$(jobs)" -k 20 "$@" 2>&1 |
      { grep -vE '^(-- |ninja: (Entering|no work))' >&2 || true; } || return 1
  fi
  touch "$BUILD/$preset/.built"
}

# The bench programs live in the release build, but only where they have been asked for.
release_options() {
  if [[ -f $BUILD/release/.bench ]]; then echo -DM3U_PROXY_BENCH=ON; else echo -DM3U_PROXY_BENCH=OFF; fi
}

# build_release TARGET…
build_release() {
  install "${PACKAGES_BUILD[@]}"
  configure release "$(release_options)" && build release "$@"
}
