#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/memory/alerts.hpp>

namespace m3u_proxy::memory {

std::string_view to_string(AlertKind kind) {
  switch (kind) {
    case AlertKind::kPeakMemory:
      return "peak_memory";
    case AlertKind::kEfficiency:
      return "efficiency";
    case AlertKind::kCleanupFailures:
      return "cleanup_failures";
    case AlertKind::kPluginLeak:
      return "plugin_leak";
  }
  return "";
}

double memory_efficiency(std::uint64_t channels, double peak_mb) {
  return peak_mb > 0 ? static_cast<double>(channels) / peak_mb : 0;
}

std::vector<MemoryAlert> evaluate_alerts(const MemoryMonitoringConfig& config,
                                         const GenerationMemory& memory) {
  std::vector<MemoryAlert> alerts;
  const auto add = [&](AlertKind kind, double value, double threshold, std::string message) {
    alerts.push_back(
        {.kind = kind, .value = value, .threshold = threshold, .message = std::move(message)});
  };
  const double most = config.peak_memory_alert_mb;
  if (most > 0 && memory.peak_mb > most)
    add(AlertKind::kPeakMemory, memory.peak_mb, most,
        fmt::format("peak memory of {:.1f}MB is above {:.1f}MB", memory.peak_mb, most));
  const double efficiency = memory_efficiency(memory.channels, memory.peak_mb);
  const double least = config.efficiency_alert_threshold;
  if (least > 0 && memory.peak_mb - memory.began_mb >= kEfficiencyFromMb && efficiency < least)
    add(AlertKind::kEfficiency, efficiency, least,
        fmt::format("{:.1f} channels per MB of peak memory are below {:.1f}", efficiency, least));
  const std::uint32_t failures = config.cleanup_failure_threshold;
  if (failures > 0 && memory.cleanup_failures >= failures)
    add(AlertKind::kCleanupFailures, static_cast<double>(memory.cleanup_failures), failures,
        fmt::format("{} memory cleanups failed, {} are the threshold", memory.cleanup_failures,
                    failures));
  const double leak = config.plugin_memory_leak_threshold;
  for (const PluginGrowth& plugin : memory.plugins)
    if (leak > 0 && plugin.grown_mb > leak)
      add(AlertKind::kPluginLeak, plugin.grown_mb, leak,
          fmt::format("plugin '{}' grew by {:.1f}MB without a cleanup, more than {:.1f}MB: it may "
                      "leak",
                      plugin.plugin, plugin.grown_mb, leak));
  return alerts;
}

std::vector<MemoryAlert> raise_alerts(const MemoryMonitoringConfig& config,
                                      const GenerationMemory& memory, AlertListener* listener) {
  std::vector<MemoryAlert> alerts = evaluate_alerts(config, memory);
  for (const MemoryAlert& alert : alerts) {
    log::warn("memory.alerts", "Memory alert for '{}': {}", memory.proxy, alert.message);
    if (listener != nullptr) listener->on_alert(memory.proxy, alert);
  }
  return alerts;
}

}  // namespace m3u_proxy::memory
