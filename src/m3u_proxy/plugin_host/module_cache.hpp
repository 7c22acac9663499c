// The cache of compiled modules: compile once, in a child process where there is a program for it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::plugin_host {

class WasmModule;

/// How modules become machine code.
struct CompileOptions {
  std::filesystem::path cache{};     ///< folder of compiled modules; "" = the user's cache folder
  std::filesystem::path compiler{};  ///< `PROGRAM plugin compile IN OUT`; "" = in this process
};

/// The folder of `options`, or the user's: $XDG_CACHE_HOME or ~/.cache, m3u-proxy/plugins in it.
/// Empty when there is neither.
std::filesystem::path cache_folder(const CompileOptions& options);

struct LoadedModule {
  std::shared_ptr<const WasmModule> module;
  std::string content_key;  ///< 32 hex digits, of the module's bytes
  bool was_cached = false;
};

/// The module of `wasm` (binary or text, up to 64 MB), compiled or from the cache. A cache that
/// cannot be used costs time, and one line of the log. Errors: kIo, kNotFound; kPlugin when it is
/// no module we can run.
Result<LoadedModule> load_module(const std::filesystem::path& wasm, const CompileOptions& options);

/// LoadedModule::content_key of what is in `wasm` now; nothing is compiled. Errors: kIo, kNotFound;
/// kPlugin when it is too large for a module.
Result<std::string> content_key_of(const std::filesystem::path& wasm);

/// How large the compiled copy of `wasm` is; 0: there is none.
Bytes compiled_size(const std::filesystem::path& wasm, const CompileOptions& options);

/// Removes the compiled copy of `wasm`, so that it is compiled again. Nothing where there is none.
/// Errors: kIo, when it cannot be removed.
Result<> forget_module(const std::filesystem::path& wasm, const CompileOptions& options);

/// Compiles `wasm` (binary or text) into `out`; what `plugin compile` does. Errors: kIo, kPlugin.
Result<> compile_module_file(const std::filesystem::path& wasm, const std::filesystem::path& out);

}  // namespace m3u_proxy::plugin_host
