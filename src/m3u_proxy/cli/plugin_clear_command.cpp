#include <fmt/format.h>
#include <fmt/ranges.h>

#include <m3u_proxy/cli/commands.hpp>
#include <m3u_proxy/cli/plugin_command.hpp>
#include <m3u_proxy/cli/print.hpp>
#include <m3u_proxy/plugin_host/plugin_host.hpp>

namespace m3u_proxy::cli {
namespace {

Result<> clear(const PluginClearOptions& options, const plugins::PluginSettings& settings) {
  plugin_host::Quarantine quarantine(
      plugin_host::quarantine_file({.cache = settings.cache_directory}),
      settings.max_plugin_failures);
  M3U_TRY(const bool cleared, quarantine.clear(options.name));
  if (cleared) return {};
  std::vector<std::string_view> names;
  for (const auto& [name, record] : quarantine.records()) names.push_back(name);
  return fail(ErrorCode::kNotFound,
              fmt::format("no failures of plugin \"{}\" are noted", options.name),
              names.empty() ? "none are of any plugin"
                            : fmt::format("there are some of {}", fmt::join(names, ", ")));
}

}  // namespace

ExitCode run_plugin_clear(const PluginClearOptions& options,
                          const config::Environment& environment) {
  const auto loaded = load(options.config, environment, {});
  if (!loaded) return report_error(loaded.error());
  if (!loaded->problems.empty()) return report_problems(loaded->problems);
  if (const auto cleared = clear(options, loaded->configuration.wasm_plugins); !cleared)
    return report_error(cleared.error());
  print("{} may run again\n", options.name);
  return ExitCode::kPublished;
}

}  // namespace m3u_proxy::cli
