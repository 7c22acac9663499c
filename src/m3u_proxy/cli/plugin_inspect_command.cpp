#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <m3u_proxy/cli/commands.hpp>
#include <m3u_proxy/cli/plugin_command.hpp>
#include <m3u_proxy/cli/print.hpp>
#include <m3u_proxy/plugin_tools/plugin_profile.hpp>

namespace m3u_proxy::cli {
namespace {

using plugin_tools::PluginProfile;
using plugins::Manifest;
using plugins::MemoryRequirements;
using Json = nlohmann::ordered_json;

std::vector<std::string_view> names_of(plugins::Permissions permissions) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < plugins::kPermissionCount; ++i)
    if (permissions.has(static_cast<plugins::Permission>(i)))
      names.push_back(plugins::kPermissionNames.at(i));
  return names;
}

std::vector<std::string_view> names_of(const std::vector<plugins::PluginStage>& stages) {
  std::vector<std::string_view> names;
  names.reserve(stages.size());
  for (const plugins::PluginStage stage : stages) names.push_back(to_string(stage));
  return names;
}

std::string_view level_name(std::size_t level) {
  return to_string(static_cast<memory::MemoryPressureLevel>(level));
}

Json to_json(const PluginProfile& profile) {
  const Manifest& manifest = profile.manifest;
  const MemoryRequirements& memory = profile.info.memory_requirements;
  Json pressure = Json::object();
  for (std::size_t level = 0; level < profile.handles_pressure.size(); ++level)
    pressure[std::string(level_name(level))] = profile.handles_pressure.at(level);
  Json out = {{"name", profile.info.name},
              {"version", profile.info.version},
              {"description", profile.info.description},
              {"author", profile.info.author},
              {"license", profile.info.license},
              {"file", manifest.file.string()},
              {"wasm", manifest.wasm.string()},
              {"wasm_bytes", profile.module_size},
              {"stages", names_of(manifest.stages)},
              {"position", to_string(manifest.position)},
              {"parallel", manifest.parallel},
              {"equivalent_to_native", manifest.equivalent_to_native},
              {"on_failure", to_string(manifest.on_failure.value_or(plugins::OnFailure::kFail))},
              {"needs", names_of(manifest.needs)},
              {"config", Json::parse(manifest.config_json)}};
  out["memory_requirements"] = {{"min_heap_mb", memory.min_heap_mb},
                                {"max_heap_mb", memory.max_heap_mb},
                                {"supports_streaming", memory.supports_streaming},
                                {"supports_compression", memory.supports_compression}};
  out["handles_memory_pressure"] = std::move(pressure);
  out["first_memory_bytes"] = profile.first_memory.count;
  out["imports"] = profile.imports;
  return out;
}

void line(std::string_view name, std::string_view value) {
  if (!value.empty()) print("{:<16}{}\n", name, value);
}

std::string memory_text(const PluginProfile& profile) {
  const MemoryRequirements& memory = profile.info.memory_requirements;
  return fmt::format("{} to {} MB, {}{}; begins with {} KB", memory.min_heap_mb, memory.max_heap_mb,
                     memory.supports_streaming ? "streams" : "accumulates",
                     memory.supports_compression ? ", compresses" : "",
                     profile.first_memory.count >> 10U);
}

std::string pressure_text(const PluginProfile& profile) {
  std::string text;
  for (std::size_t level = 0; level < profile.handles_pressure.size(); ++level)
    text += fmt::format("{}{} {}", level == 0 ? "" : ", ", level_name(level),
                        profile.handles_pressure.at(level) ? "yes" : "no");
  return text;
}

void print_profile(const PluginProfile& profile) {
  const Manifest& manifest = profile.manifest;
  line("Plugin", fmt::format("{} {}", profile.info.name, profile.info.version));
  line("Description", profile.info.description);
  line("Author", profile.info.author);
  line("License", profile.info.license);
  line("Manifest", manifest.file.string());
  line("Module",
       fmt::format("{}, {} KB", manifest.wasm.string(), (profile.module_size + 1023) >> 10U));
  line("Stages", fmt::format("{}", fmt::join(names_of(manifest.stages), ", ")));
  line("Position", fmt::format("{} the native strategy{}", to_string(manifest.position),
                               manifest.equivalent_to_native ? ", with the same result" : ""));
  line("Parallel", manifest.parallel ? "yes" : "no");
  line("On failure", manifest.on_failure == plugins::OnFailure::kNative
                         ? "the native strategy does its work"
                         : "the generation fails");
  line("Asks for", manifest.needs == plugins::Permissions{}
                       ? "nothing"
                       : fmt::format("{}", fmt::join(names_of(manifest.needs), ", ")));
  line("Configuration", manifest.config_json);
  line("Memory", memory_text(profile));
  line("Under pressure", pressure_text(profile));
  line("Imports",
       profile.imports.empty() ? "nothing" : fmt::format("{}", fmt::join(profile.imports, ", ")));
}

}  // namespace

ExitCode run_plugin_inspect(const PluginInspectOptions& options) {
  const auto profile = plugin_tools::make_profile(options.file, {});
  if (!profile) return report_error(profile.error());
  if (options.json)
    print("{}\n", to_json(*profile).dump(2, ' ', false, Json::error_handler_t::replace));
  else
    print_profile(*profile);
  return ExitCode::kPublished;
}

}  // namespace m3u_proxy::cli
