// WasmInstance: one instance of a module with its memory, and calls into it that end in time.
//
// Private to plugins/. One thread at a time.
#pragma once

#include <array>
#include <chrono>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/plugin_host/host_services.hpp>
#include <m3u_proxy/plugin_host/wasm_module.hpp>

namespace m3u_proxy::plugin_host {

class WasmInstance {
 public:
  struct Options {
    memory::Budget* budget = nullptr;
    Bytes max_memory{};
    const CancelToken* cancel = nullptr;  ///< may be nullptr
  };
  using Deadline = std::chrono::steady_clock::time_point;

  /// Instantiates, which runs the module's start function. `services` has to outlive it. Errors:
  /// kPlugin; kOverBudget when the Budget refused its first memory.
  static Result<std::unique_ptr<WasmInstance>> create(std::shared_ptr<const WasmModule> module,
                                                      HostServices& services,
                                                      const Options& options, Deadline deadline);
  ~WasmInstance();
  WasmInstance(const WasmInstance&) = delete;
  WasmInstance& operator=(const WasmInstance&) = delete;

  /// An exported function, nullopt when there is none of this name and type.
  std::optional<wasmtime_func_t> find_function(std::string_view name, std::string_view parameters,
                                               std::string_view results);
  /// Calls `function` (found here) with i32 arguments; its i32 result, or 0. Errors: kPlugin when
  /// it trapped or did not end before `deadline`, and kCancelled; both leave it broken.
  Result<std::int32_t> call(const wasmtime_func_t& function,
                            std::initializer_list<std::int32_t> arguments, Deadline deadline);

  /// The whole linear memory; empty when there is none. Changes with every call.
  [[nodiscard]] std::span<std::uint8_t> memory() const;
  /// A part of it; nullopt when it is not all inside.
  [[nodiscard]] std::optional<std::span<std::uint8_t>> bytes(std::uint32_t at,
                                                             std::uint32_t size) const;
  [[nodiscard]] HostServices& services() const { return *services_; }
  [[nodiscard]] const MemoryAccount& account() const { return account_; }
  [[nodiscard]] MemoryAccount& account() { return account_; }
  [[nodiscard]] bool broken() const { return broken_; }
  void set_broken() { broken_ = true; }
  void set_cancel(const CancelToken* cancel) { cancel_ = cancel; }

 private:
  WasmInstance(std::shared_ptr<const WasmModule> module, HostServices& services,
               const Options& options);
  static wasmtime_error_t* on_tick(wasmtime_context_t* context, void* data, std::uint64_t* delta,
                                   wasmtime_update_deadline_kind_t* kind);
  Error take_failure(wasmtime_error_t* error, wasm_trap_t* trap);

  std::shared_ptr<const WasmModule> module_;
  HostServices* services_;
  MemoryAccount account_;
  const CancelToken* cancel_;
  Deadline deadline_{};
  bool late_ = false;
  bool cancelled_ = false;
  bool broken_ = false;
  StorePtr store_;  // after the account: its memories are given back there
  wasmtime_context_t* context_;
  wasmtime_instance_t instance_{};
  std::optional<wasmtime_memory_t> memory_;
};

}  // namespace m3u_proxy::plugin_host
