#!/bin/sh
# Builds @NAME@.wasm. Needs rustc-web, cargo-web, rust-web-src and lld-19; the first build takes a
# minute or two, for the standard library. CARGO and RUSTC name another Rust that has its source.
set -eu
cd "$(dirname "$0")"
export RUSTC_BOOTSTRAP=1 RUSTC="${RUSTC:-/usr/bin/rustc}"

"${CARGO:-/usr/bin/cargo}" build --release
cp "${CARGO_TARGET_DIR:-target}/wasm32-unknown-unknown/release/@IDENTIFIER@.wasm" @NAME@.wasm
