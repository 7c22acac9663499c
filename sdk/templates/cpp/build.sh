#!/bin/sh
# Builds @NAME@.wasm. Needs clang-19 and lld-19; M3U_SDK names another folder of the SDK.
set -eu
cd "$(dirname "$0")"
sdk=${M3U_SDK:-@SDK@}

"${CXX:-clang++-19}" --target=wasm32-unknown-unknown -nostdlib \
  -std=c++20 -O2 -msimd128 -mbulk-memory -fno-exceptions -fno-rtti -fno-threadsafe-statics \
  -Wall -Wextra -I"$sdk/cpp" plugin.cpp -o @NAME@.wasm \
  -Wl,--no-entry -Wl,--strip-all -Wl,-z,stack-size=65536
