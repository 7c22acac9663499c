#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <m3u_proxy/plugin_host/host_functions.hpp>
#include <m3u_proxy/plugin_host/wasm_module.hpp>

namespace m3u_proxy::plugin_host {
namespace {

constexpr std::string_view kHostModule = "m3u_proxy";
constexpr std::string_view kWasiModule = "wasi_snapshot_preview1";

std::string_view view(const wasm_name_t& name) { return {name.data, name.size}; }

std::string list_types(const wasm_valtype_vec_t& types) {
  std::string text;
  for (std::size_t i = 0; i < types.size; ++i) {
    constexpr std::array<std::string_view, 4> kNames = {"i32", "i64", "f32", "f64"};
    const auto kind = static_cast<std::size_t>(wasm_valtype_kind(types.data[i]));
    if (i != 0) text += ", ";
    text += kind < kNames.size() ? kNames[kind] : "other";
  }
  return text;
}

std::string describe_item(const wasm_externtype_t& type) {
  switch (wasm_externtype_kind(&type)) {
    case WASM_EXTERN_FUNC:
      return plugin_host::describe(*wasm_externtype_as_functype_const(&type));
    case WASM_EXTERN_GLOBAL:
      return "global";
    case WASM_EXTERN_TABLE:
      return "table";
    case WASM_EXTERN_MEMORY:
      return "memory";
    default:
      return "other";
  }
}

std::unexpected<Error> refuse(std::string message, std::string hint = {}) {
  return fail(ErrorCode::kPlugin, std::move(message), std::move(hint));
}

/// The lines of a message of the engine, which shows causes one below the other, as one.
std::string in_one_line(std::string_view message) {
  constexpr std::size_t kMost = 500;
  constexpr std::string_view kCause = "Caused by: ";
  std::string line;
  for (const char c : message.substr(0, kMost)) {
    if (c != '\n' && c != ' ')
      line += c;
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  if (const std::size_t at = line.find(kCause); at != std::string::npos)
    line.replace(at == 0 ? 0 : at - 1, kCause.size() + (at == 0 ? 0 : 1), ": ");
  return line;
}

/// Whether we can answer a function that we don't know with ENOSYS: numbers in, at most one i32
/// out.
bool can_be_refused(const wasm_functype_t& type) {
  const wasm_valtype_vec_t& in = *wasm_functype_params(&type);
  for (std::size_t i = 0; i < in.size; ++i)
    if (wasm_valtype_kind(in.data[i]) > WASM_F64) return false;
  const wasm_valtype_vec_t& out = *wasm_functype_results(&type);
  return out.size == 0 || (out.size == 1 && wasm_valtype_kind(out.data[0]) == WASM_I32);
}

/// Defines what the import asks for; adds the permission that it needs to `used`.
Result<> define(wasmtime_linker_t& linker, const ModuleItem& item, const wasm_externtype_t& type,
                plugins::Permissions& used) {
  const bool is_function = wasm_externtype_kind(&type) == WASM_EXTERN_FUNC;
  const bool of_host = item.module == kHostModule;
  if (!is_function || (!of_host && item.module != kWasiModule))
    return refuse(fmt::format("it imports {} \"{}\" of module \"{}\", which there is not",
                              is_function ? "function" : item.type, item.name, item.module),
                  "see docs/plugin-abi.md for what can be imported");
  const HostFunction* const found =
      of_host ? find_host_function(item.name) : find_wasi_function(item.name);
  if (of_host && found == nullptr)
    return refuse(fmt::format("it imports \"{}\", which the host does not have", item.name),
                  "see docs/plugin-abi.md for what can be imported");
  FunctionTypePtr made = found != nullptr ? make_type(found->parameters, found->results) : nullptr;
  const wasm_functype_t* const wanted = wasm_externtype_as_functype_const(&type);
  if (made && plugin_host::describe(*made) != item.type)
    return refuse(fmt::format("it imports \"{}\" as {}; it is {}", item.name, item.type,
                              plugin_host::describe(*made)));
  if (found == nullptr && !can_be_refused(*wanted))
    return refuse(
        fmt::format("it imports \"{}\" as {}, which WASI does not have", item.name, item.type));
  if (found != nullptr && found->permission) used.add(*found->permission);
  const std::string message = take_message(wasmtime_linker_define_func_unchecked(
      &linker, item.module.data(), item.module.size(), item.name.data(), item.name.size(),
      made ? made.get() : wanted, found != nullptr ? found->call : wasi_not_supported, nullptr,
      nullptr));
  if (!message.empty()) return refuse(message);
  return {};
}

}  // namespace

std::string describe(const wasm_functype_t& type) {
  std::string text = fmt::format("({})", list_types(*wasm_functype_params(&type)));
  const std::string results = list_types(*wasm_functype_results(&type));
  if (!results.empty()) text += " -> " + results;
  return text;
}

Result<std::shared_ptr<const WasmModule>> WasmModule::link(ModulePtr module) {
  auto out = std::make_shared<WasmModule>();
  const LinkerPtr linker(wasmtime_linker_new(WasmEngine::get().engine()));

  wasm_importtype_vec_t imports;
  wasmtime_module_imports(module.get(), &imports);
  Result<> defined;
  for (std::size_t i = 0; i < imports.size && defined; ++i) {
    const wasm_importtype_t* const import = imports.data[i];
    const wasm_externtype_t* const type = wasm_importtype_type(import);
    const ModuleItem item{.module = std::string(view(*wasm_importtype_module(import))),
                          .name = std::string(view(*wasm_importtype_name(import))),
                          .type = describe_item(*type)};
    const bool known =
        std::ranges::find(out->imports_, item) != out->imports_.end();  // may be asked for twice
    if (!known) defined = define(*linker, item, *type, out->used_);
    out->imports_.push_back(item);
  }
  wasm_importtype_vec_delete(&imports);
  M3U_CHECK(defined);

  wasm_exporttype_vec_t exports;
  wasmtime_module_exports(module.get(), &exports);
  for (std::size_t i = 0; i < exports.size; ++i)
    out->exports_.push_back({.module = {},
                             .name = std::string(view(*wasm_exporttype_name(exports.data[i]))),
                             .type = describe_item(*wasm_exporttype_type(exports.data[i]))});
  wasm_exporttype_vec_delete(&exports);

  wasmtime_instance_pre_t* pre = nullptr;
  const std::string message =
      take_message(wasmtime_linker_instantiate_pre(linker.get(), module.get(), &pre));
  if (!message.empty()) return refuse(message);
  out->pre_.reset(pre);
  out->module_ = std::move(module);
  return out;
}

Result<ModulePtr> WasmModule::compile(std::span<const std::uint8_t> wasm) {
  wasm_byte_vec_t binary{.size = 0, .data = nullptr};
  constexpr std::string_view kMagic("\0asm", 4);
  const std::string_view text(reinterpret_cast<const char*>(wasm.data()), wasm.size());
  if (!text.starts_with(kMagic)) {
    const std::string message = take_message(wasmtime_wat2wasm(text.data(), text.size(), &binary));
    if (!message.empty())
      return refuse(fmt::format("it is no WebAssembly module: {}", message.substr(0, 500)));
    wasm = {reinterpret_cast<const std::uint8_t*>(binary.data), binary.size};
  }
  wasmtime_module_t* module = nullptr;
  const std::string message = take_message(
      wasmtime_module_new(WasmEngine::get().engine(), wasm.data(), wasm.size(), &module));
  if (binary.data != nullptr) wasm_byte_vec_delete(&binary);
  if (!message.empty()) return refuse("it does not compile: " + in_one_line(message));
  return ModulePtr(module);
}

Result<ModulePtr> WasmModule::deserialize(const std::filesystem::path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0)
    return fail(system_error("cannot read " + file.string(), errno));
  if (status.st_uid != ::geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return refuse(fmt::format("{} can be written by others, so its code is not run", file.string()),
                  "delete it and take away the others' right to write there");
  wasmtime_module_t* module = nullptr;
  const std::string message = take_message(
      wasmtime_module_deserialize_file(WasmEngine::get().engine(), file.c_str(), &module));
  if (!message.empty()) return refuse(message);
  return ModulePtr(module);
}

Result<std::vector<std::uint8_t>> WasmModule::serialize(const wasmtime_module_t& module) {
  wasm_byte_vec_t bytes;
  const std::string message = take_message(wasmtime_module_serialize(&module, &bytes));
  if (!message.empty()) return refuse(message);
  std::vector<std::uint8_t> out(bytes.data, bytes.data + bytes.size);
  wasm_byte_vec_delete(&bytes);
  return out;
}

}  // namespace m3u_proxy::plugin_host
