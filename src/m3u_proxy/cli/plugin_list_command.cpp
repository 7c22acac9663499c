#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <m3u_proxy/cli/commands.hpp>
#include <m3u_proxy/cli/plugin_command.hpp>
#include <m3u_proxy/cli/print.hpp>
#include <m3u_proxy/plugins/manifest.hpp>

namespace m3u_proxy::cli {
namespace {

using plugins::Manifest;
using plugins::PluginSettings;
using Json = nlohmann::ordered_json;

struct Listed {
  std::filesystem::path file;
  Result<Manifest> manifest;
  bool enabled = true;
};

std::vector<std::string_view> stage_names(const Manifest& manifest) {
  std::vector<std::string_view> names;
  names.reserve(manifest.stages.size());
  for (const plugins::PluginStage stage : manifest.stages) names.push_back(to_string(stage));
  return names;
}

Json to_json(const Listed& listed) {
  if (!listed.manifest)
    return {{"file", listed.file.string()}, {"error", to_string(listed.manifest.error())}};
  const Manifest& manifest = *listed.manifest;
  return {
      {"name", manifest.name},           {"version", manifest.version},
      {"file", manifest.file.string()},  {"wasm", manifest.wasm.string()},
      {"stages", stage_names(manifest)}, {"position", to_string(manifest.position)},
      {"parallel", manifest.parallel},   {"equivalent_to_native", manifest.equivalent_to_native},
      {"enabled", listed.enabled}};
}

void print_table(const std::vector<Listed>& plugins) {
  std::vector<std::array<std::string, 5>> rows = {
      {"NAME", "VERSION", "STAGES", "POSITION", "ENABLED"}};
  for (const Listed& listed : plugins) {
    if (!listed.manifest) continue;
    const Manifest& manifest = *listed.manifest;
    rows.push_back({manifest.name, manifest.version,
                    fmt::format("{}", fmt::join(stage_names(manifest), ",")),
                    std::string(to_string(manifest.position)), listed.enabled ? "yes" : "no"});
  }
  std::array<std::size_t, 4> widths{};
  for (const auto& row : rows)
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  for (const auto& row : rows)
    print("{:<{}}  {:<{}}  {:<{}}  {:<{}}  {}\n", row[0], widths[0], row[1], widths[1], row[2],
          widths[2], row[3], widths[3], row[4]);
}

/// The settings of the configuration, or just the folder.
Result<PluginSettings> settings_for(const PluginListOptions& options,
                                    const config::Environment& environment) {
  PluginSettings settings;
  if (options.directory) settings.plugin_directory = *options.directory;
  if (!options.config) return settings;
  auto loaded = load(options.config, environment, {});
  if (!loaded) return std::unexpected(std::move(loaded).error());
  if (!loaded->problems.empty()) return fail(loaded->problems.front().error);
  return std::move(loaded->configuration.wasm_plugins);
}

bool is_enabled(const PluginSettings& settings, const std::string& name) {
  const auto own = std::ranges::find(settings.plugins, name, &plugins::PluginOverride::name);
  return own == settings.plugins.end() || own->enabled;
}

}  // namespace

ExitCode run_plugin_list(const PluginListOptions& options, const config::Environment& environment) {
  const auto settings = settings_for(options, environment);
  if (!settings) return report_error(settings.error());
  const auto files = plugins::find_manifests(settings->plugin_directory);
  if (!files) return report_error(files.error());
  std::vector<Listed> found;
  for (const std::filesystem::path& file : *files) {
    Listed listed{.file = file, .manifest = plugins::read_manifest(file)};
    if (listed.manifest) listed.enabled = is_enabled(*settings, listed.manifest->name);
    found.push_back(std::move(listed));
  }
  if (options.json) {
    Json list = Json::array();
    for (const Listed& listed : found) list.push_back(to_json(listed));
    print("{}\n", list.dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    print_table(found);
  }
  auto code = ExitCode::kPublished;
  for (const Listed& listed : found)
    if (!listed.manifest) code = report_error(listed.manifest.error());
  return options.json ? ExitCode::kPublished : code;
}

}  // namespace m3u_proxy::cli
