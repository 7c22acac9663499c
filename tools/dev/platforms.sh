# shellcheck shell=bash
# A part of ./dev test --full: what measures memory on other systems.

PLATFORM_FLAGS=(-std=c++23 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)

# skip WHAT WHY
skip() {
  record 0 0 1
  say "skipped $1: $2"
}

# Apple's headers are not free: the file is held against prototypes as Apple documents them.
check_macos_memory() {
  g++ "${PLATFORM_FLAGS[@]}" -fsyntax-only -D__APPLE__=1 -I "$ROOT/tests/platforms/macos" \
    -I "$ROOT/src" "$ROOT/src/m3u_proxy/memory/process_memory_macos.cpp"
}

build_windows_memory() {
  x86_64-w64-mingw32-g++-posix "${PLATFORM_FLAGS[@]}" -O1 -static -I "$ROOT/src" \
    -o "$BUILD/windows_memory.exe" "$ROOT/src/m3u_proxy/memory/process_memory_windows.cpp" \
    "$ROOT/tests/platforms/windows_memory.cpp" -lpsapi
}

# The first start makes wine's folder, which takes some seconds.
run_windows_memory() {
  WINEPREFIX=$BUILD/wine WINEDEBUG=-all timeout 300 wine "$BUILD/windows_memory.exe" \
    >"$BUILD/windows_memory.log" 2>&1 </dev/null || {
    cat "$BUILD/windows_memory.log" >&2
    return 1
  }
}

test_platforms() {
  step "the macOS monitor against declared prototypes" check_macos_memory
  if ! (install "${PACKAGES_WINDOWS[@]}") || ! command -v x86_64-w64-mingw32-g++-posix >/dev/null; then
    skip "the Windows monitor" "there is no mingw-w64 (${PACKAGES_WINDOWS[*]})"
    return
  fi
  step "compiling the Windows monitor" build_windows_memory
  [[ -f $BUILD/windows_memory.exe ]] || return 0
  if ! (install "${PACKAGES_WINE[@]}") || ! command -v wine >/dev/null; then
    skip "running the Windows monitor" "there is no wine (${PACKAGES_WINE[*]})"
    return
  fi
  step "running the Windows monitor under wine" run_windows_memory
}
