// m3u_plugin.hpp: all that a C++ plugin for m3u-proxy needs, in one header.
//
// Derive from m3u::WasmStreamingStage, answer the chunks of your stage, end with M3U_PLUGIN(Type);
// docs/plugins.md begins with an example. It needs no library: it compiles freestanding
// (--target=wasm32-unknown-unknown -nostdlib) and with wasi-libc and libc++ (--target=wasm32-wasi),
// C++20, without exceptions and RTTI. Compile one source file with it into one module.
//
// Rows are views into the frame that came in. What goes out is one block, made by one allocation:
// columns that did not change are copied as a whole, and a chunk in which nothing changed is given
// back as it came. A plugin has one thread, so nothing here is thread-safe. Where memory ends, the
// plugin logs that and traps; the host then goes on as the plugin's `on_failure` says.
//
// Only m3u:: outside of m3u::detail is for plugins.
#pragma once

#include "chunk_store.hpp"
#include "exports.hpp"
#include "text_set.hpp"
