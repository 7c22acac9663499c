// Host functions: what a module can import, as wasmtime calls it. Private to plugins/.
#pragma once

#include <optional>
#include <string_view>

#include <m3u_proxy/plugin_host/wasm_engine.hpp>
#include <m3u_proxy/plugins/plugin_settings.hpp>

namespace m3u_proxy::plugin_host {

/// A function that modules can import. Types are letters: i = i32, I = i64, f = f32, F = f64.
struct HostFunction {
  std::string_view name;
  std::string_view parameters;
  std::string_view results;
  wasmtime_func_unchecked_callback_t call;
  std::optional<plugins::Permission> permission;
};

/// The function `name` of module `m3u_proxy`; nullptr when there is none.
const HostFunction* find_host_function(std::string_view name);
/// The function `name` of `wasi_snapshot_preview1` that does something; nullptr: it says ENOSYS.
const HostFunction* find_wasi_function(std::string_view name);
/// What all other functions of WASI do.
wasm_trap_t* wasi_not_supported(void* env, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                                std::size_t count);

FunctionTypePtr make_type(std::string_view parameters, std::string_view results);

}  // namespace m3u_proxy::plugin_host
