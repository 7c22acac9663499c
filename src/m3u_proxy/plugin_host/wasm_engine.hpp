// WasmEngine: the one wasmtime engine of the process and what belongs to all instances: where
// linear memory comes from, who pays for it, and the clock that stops a call.
//
// Private to plugins/. The engine is made on first use and lives until the process ends.
// Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <wasmtime.h>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::plugin_host {

template <auto kDelete>
struct WasmDelete {
  template <typename T>
  void operator()(T* object) const {
    kDelete(object);
  }
};
using StorePtr = std::unique_ptr<wasmtime_store_t, WasmDelete<wasmtime_store_delete>>;
using ModulePtr = std::unique_ptr<wasmtime_module_t, WasmDelete<wasmtime_module_delete>>;
using LinkerPtr = std::unique_ptr<wasmtime_linker_t, WasmDelete<wasmtime_linker_delete>>;
using InstancePrePtr =
    std::unique_ptr<wasmtime_instance_pre_t, WasmDelete<wasmtime_instance_pre_delete>>;
using FunctionTypePtr = std::unique_ptr<wasm_functype_t, WasmDelete<wasm_functype_delete>>;

/// Takes an error of wasmtime and gives its message; "" for nullptr.
std::string take_message(wasmtime_error_t* error);

/// "wasmtime 45.0.3" and how we configure it: what compiled modules depend on.
std::string_view engine_version();

/// Who pays for the linear memory of an instance.
struct MemoryAccount {
  memory::Budget* budget = nullptr;
  Bytes max{};
  Bytes size{};          ///< now
  bool starved = false;  ///< the Budget refused
};

class WasmEngine {
 public:
  static WasmEngine& get();
  [[nodiscard]] wasm_engine_t* engine() const { return engine_; }

  /// While it lives, the engine's epoch moves every kTick; a call under way holds one.
  class Running {
   public:
    Running() { WasmEngine::get().begin_call(); }
    ~Running() { WasmEngine::get().end_call(); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
  };

  /// While it lives, memories that this thread makes are paid by `account`.
  class PaidBy {
   public:
    explicit PaidBy(MemoryAccount& account);
    ~PaidBy();
    PaidBy(const PaidBy&) = delete;
    PaidBy& operator=(const PaidBy&) = delete;
  };

 private:
  WasmEngine();
  void begin_call();
  void end_call();

  struct Ticker;
  wasm_engine_t* engine_;
  std::unique_ptr<Ticker> ticker_;
};

}  // namespace m3u_proxy::plugin_host
