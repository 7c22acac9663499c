#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/plugin_host/wasm_module.hpp>
#include <m3u_proxy/plugin_tools/conformance.hpp>
#include <m3u_proxy/plugin_tools/conformance_stage.hpp>

namespace m3u_proxy::plugin_tools {
namespace {

using plugin_host::ModuleItem;
using plugin_host::PluginInstance;
using plugins::Manifest;
using plugins::PluginInfo;

struct Export {
  std::string_view name;
  std::string_view type;
};
constexpr std::array<Export, 11> kExports = {{
    {"memory", "memory"},
    {"m3u_abi_version", "() -> i32"},
    {"m3u_alloc", "(i32) -> i32"},
    {"m3u_free", "(i32, i32)"},
    {"m3u_info", "(i32) -> i32"},
    {"m3u_init", "(i32, i32) -> i32"},
    {"m3u_can_handle_memory_pressure", "(i32) -> i32"},
    {"m3u_begin", "(i32, i32, i32, i32) -> i32"},
    {"m3u_process_chunk", "(i32, i32, i32) -> i32"},
    {"m3u_finalize", "(i32) -> i32"},
    {"m3u_cleanup", "()"},
}};

/// Long for what a plugin gets here, and short for a person who waits for the verdicts.
constexpr std::chrono::seconds kCallTime{3};
constexpr std::chrono::seconds kTotalTime{10};

Verdict verdict_of(std::string rule, const Result<>& result) {
  if (result) return {.rule = std::move(rule)};
  return {
      .rule = std::move(rule), .outcome = Outcome::kFailed, .detail = to_string(result.error())};
}

std::unexpected<Error> broken(std::string message, std::string hint) {
  return fail(ErrorCode::kPlugin, std::move(message), std::move(hint));
}

Result<> check_permissions(const plugin_host::Plugin& plugin) {
  std::vector<std::string_view> missing;
  for (std::size_t i = 0; i < plugins::kPermissionCount; ++i) {
    const auto permission = static_cast<plugins::Permission>(i);
    // The reason of a failure is logged without it.
    if (permission == plugins::Permission::kLog) continue;
    if (plugin.module()->permissions_used().has(permission) &&
        !plugin.manifest().needs.has(permission))
      missing.push_back(to_string(permission));
  }
  if (missing.empty()) return {};
  return broken(
      fmt::format("it imports what needs {}, and does not ask for it", fmt::join(missing, ", ")),
      "add it to needs in [permissions], or do not call it");
}

Result<> check_exports(const plugin_host::WasmModule& module) {
  for (const Export& wanted : kExports) {
    const auto found = std::ranges::find(module.exports(), wanted.name, &ModuleItem::name);
    if (found == module.exports().end())
      return broken(fmt::format("{} is missing", wanted.name),
                    fmt::format("export it as {}", wanted.type));
    if (found->type != wanted.type)
      return broken(fmt::format("{} is {}", wanted.name, found->type),
                    fmt::format("export it as {}", wanted.type));
  }
  return {};
}

/// Buffers of many sizes that live at once: aligned, in the memory (both checked by allocate()),
/// and apart.
Result<> check_buffers(PluginInstance& instance) {
  struct Buffer {
    std::uint64_t address;
    std::uint32_t size;
  };
  constexpr std::array<std::uint32_t, 9> kSizes = {0, 1, 15, 16, 17, 1000, 65536, 8, 262144};
  std::vector<Buffer> buffers;
  for (const std::uint32_t size : kSizes) {
    M3U_TRY(const std::uint32_t address, instance.allocate(size));
    for (const Buffer& other : buffers)
      if (address < other.address + other.size && other.address < address + std::uint64_t{size})
        return broken(fmt::format("a buffer of {} bytes overlaps one of {}", size, other.size),
                      "m3u_alloc must give each byte once until m3u_free");
    buffers.push_back({.address = address, .size = size});
  }
  for (const Buffer& buffer : buffers)
    M3U_CHECK(instance.free(static_cast<std::uint32_t>(buffer.address), buffer.size));
  return {};
}

Result<> check_info(const PluginInfo& info, const Manifest& manifest) {
  if (info.name != manifest.name || info.version != manifest.version)
    return broken(fmt::format("the module says {} {}, the manifest {} {}", info.name, info.version,
                              manifest.name, manifest.version),
                  "make them the same");
  for (const plugins::PluginStage stage : manifest.stages)
    if (std::ranges::find(info.supported_stages, stage) == info.supported_stages.end())
      return broken(fmt::format("the manifest has stage \"{}\", which the module does not support",
                                to_string(stage)),
                    "correct stages in [capabilities], or supported_stages");
  return {};
}

Result<> check_memory(const PluginInfo& info, Bytes max_memory) {
  const plugins::MemoryRequirements& memory = info.memory_requirements;
  if (mib(memory.max_heap_mb) <= max_memory) return {};
  return broken(fmt::format("it may need {} MB, and max_memory_per_plugin is {} MB",
                            memory.max_heap_mb, max_memory.count >> 20U),
                "lower max_heap_mb, or raise max_memory_per_plugin where it runs");
}

Result<> check_pressure(PluginInstance& instance) {
  for (std::uint8_t level = 0; level <= 4; ++level)
    M3U_CHECK(instance.can_handle_memory_pressure(static_cast<memory::MemoryPressureLevel>(level)));
  return {};
}

class Check {
 public:
  Check(const std::filesystem::path& file, const ConformanceOptions& options)
      : file_(file), options_(options) {}

  std::vector<Verdict> run() {
    if (const auto manifest = plugins::read_manifest(file_); !manifest) {
      add("the manifest is right", fail(manifest.error()));
      return std::move(verdicts_);
    }
    add("the manifest is right", {});
    auto bench = Workbench::open(file_, options_.compile,
                                 {.max_memory = options_.max_memory,
                                  .call_timeout = kCallTime,
                                  .total_timeout = kTotalTime});
    add("the module compiles and imports only what there is",
        bench ? Result<>() : fail(bench.error()));
    if (!bench) return std::move(verdicts_);
    check_module(**bench);
    return std::move(verdicts_);
  }

 private:
  bool add(std::string rule, const Result<>& result) {
    verdicts_.push_back(verdict_of(std::move(rule), result));
    return result.has_value();
  }

  void check_module(Workbench& bench) {
    add("each import is asked for in the manifest", check_permissions(bench.plugin()));
    if (!add("all exports are there, with their types", check_exports(*bench.plugin().module())))
      return;
    const auto instance = bench.make_instance();
    if (!add("it starts: ABI version 1, and takes the manifest's configuration",
             instance ? Result<>() : fail(instance.error())))
      return;
    if (!add("m3u_alloc gives buffers that are aligned, apart and in the memory",
             check_buffers(**instance)))
      return;
    const auto info = (*instance)->info();
    if (!add("the info is right and agrees with the manifest",
             info ? check_info(*info, bench.plugin().manifest()) : fail(info.error())))
      return;
    add("the memory that it may need is allowed", check_memory(*info, options_.max_memory));
    if (!add("every level of memory pressure is answered with 0 or 1", check_pressure(**instance)))
      return;
    for (const plugins::PluginStage stage : bench.plugin().manifest().stages)
      check_stage(bench, stage, *info, options_.input, verdicts_);
  }

  const std::filesystem::path& file_;
  const ConformanceOptions& options_;
  std::vector<Verdict> verdicts_;
};

}  // namespace

std::vector<Verdict> check_conformance(const std::filesystem::path& file,
                                       const ConformanceOptions& options) {
  return Check(file, options).run();
}

}  // namespace m3u_proxy::plugin_tools
