#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/cli/log_modules.hpp>

namespace m3u_proxy::cli {
namespace {

constexpr std::array<std::string_view, 29> kModules = {"alerts",
                                                       "api",
                                                       "audit",
                                                       "backup",
                                                       "config",
                                                       "depot",
                                                       "http",
                                                       "io",
                                                       "jobs",
                                                       "jobs.generate",
                                                       "jobs.refresh",
                                                       "log",
                                                       "memory",
                                                       "memory.alerts",
                                                       "memory.cleanup",
                                                       "memory.limit",
                                                       "memory.monitor",
                                                       "memory.prediction",
                                                       "memory.pressure",
                                                       "outputs",
                                                       "pipeline",
                                                       "pipeline.guide",
                                                       "pipeline.sources",
                                                       "pipeline.strategy",
                                                       "plugins",
                                                       "service",
                                                       "sources",
                                                       "store",
                                                       "web"};

bool is_known(std::string_view module) {
  return std::ranges::find(kModules, module) != kModules.end();
}

}  // namespace

std::span<const std::string_view> log_modules() { return kModules; }

void warn_of_unknown_modules() {
  for (const std::string& module : log::configured_modules())
    if (!is_known(module))
      log::warn("log", "there is no module \"{}\" to log; there are {}", excerpt(module),
                fmt::join(kModules, ", "));
}

}  // namespace m3u_proxy::cli
