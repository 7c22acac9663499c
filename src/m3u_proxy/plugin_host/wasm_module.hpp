// WasmModule: a compiled module, linked to the host's functions and ready to be instantiated.
//
// Private to plugins/. Constant and thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <m3u_proxy/plugin_host/wasm_engine.hpp>
#include <m3u_proxy/plugins/plugin_settings.hpp>

namespace m3u_proxy::plugin_host {

/// An import or export, with its type written as "(i32, i32) -> i32", or "memory" …
struct ModuleItem {
  std::string module;  ///< of an import
  std::string name;
  std::string type;

  bool operator==(const ModuleItem&) const = default;
};

class WasmModule {
 public:
  /// Takes a compiled module over and links it to the host's functions. Error: kPlugin when it
  /// imports what we don't have.
  static Result<std::shared_ptr<const WasmModule>> link(ModulePtr module);
  /// Compiles `wasm`, binary or text, in this process. Error: kPlugin.
  static Result<ModulePtr> compile(std::span<const std::uint8_t> wasm);
  /// Reads what serialize() gave; the file has to be ours: its code runs as it is. Errors: kIo,
  /// kPlugin when it is of another engine.
  static Result<ModulePtr> deserialize(const std::filesystem::path& file);
  static Result<std::vector<std::uint8_t>> serialize(const wasmtime_module_t& module);

  [[nodiscard]] const wasmtime_instance_pre_t& pre() const { return *pre_; }
  [[nodiscard]] const std::vector<ModuleItem>& imports() const { return imports_; }
  [[nodiscard]] const std::vector<ModuleItem>& exports() const { return exports_; }
  /// The permissions that its imports need.
  [[nodiscard]] plugins::Permissions permissions_used() const { return used_; }

 private:
  ModulePtr module_;
  InstancePrePtr pre_;
  std::vector<ModuleItem> imports_;
  std::vector<ModuleItem> exports_;
  plugins::Permissions used_;
};

/// "(i32, i64) -> i32".
std::string describe(const wasm_functype_t& type);

}  // namespace m3u_proxy::plugin_host
