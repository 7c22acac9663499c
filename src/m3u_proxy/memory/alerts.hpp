// Alerts: says when a generation's memory figures are worth somebody's attention.
//
// Thresholds come from MemoryMonitoringConfig; one of 0 switches its alert off. MB is 2^20 bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/memory/memory_config.hpp>

namespace m3u_proxy::memory {

enum class AlertKind : std::uint8_t {
  kPeakMemory,       ///< the peak was above peak_memory_alert_mb
  kEfficiency,       ///< fewer channels per MB than efficiency_alert_threshold
  kCleanupFailures,  ///< cleanup_failure_threshold cleanups failed
  kPluginLeak,       ///< a plugin grew by more than plugin_memory_leak_threshold
};
/// "peak_memory", "efficiency", "cleanup_failures", "plugin_leak".
std::string_view to_string(AlertKind kind);

struct MemoryAlert {
  AlertKind kind = AlertKind::kPeakMemory;
  double value = 0;
  double threshold = 0;
  std::string message;
};

/// Memory of a plugin that grew over generations without a cleanup that gave it back.
struct PluginGrowth {
  std::string plugin;
  double grown_mb = 0;
};

/// What a generation's alerts are judged by.
struct GenerationMemory {
  std::string proxy{};
  double peak_mb = 0;
  double began_mb = 0;  ///< what was resident when it began
  std::uint64_t channels = 0;
  std::uint64_t cleanup_failures = 0;
  std::vector<PluginGrowth> plugins{};
};

/// A generation that made the process grow by less says nothing about channels per MB: most of the
/// peak is the program itself, or what other generations hold.
constexpr double kEfficiencyFromMb = 64;

/// Channels per MB of peak memory; 0 without a peak.
double memory_efficiency(std::uint64_t channels, double peak_mb);

/// The alerts that the figures call for, in the order of AlertKind.
std::vector<MemoryAlert> evaluate_alerts(const MemoryMonitoringConfig& config,
                                         const GenerationMemory& memory);

/// Told about alerts; a service sends them on.
class AlertListener {
 public:
  AlertListener() = default;
  AlertListener(const AlertListener&) = delete;
  AlertListener& operator=(const AlertListener&) = delete;
  virtual ~AlertListener() = default;
  virtual void on_alert(const std::string& proxy, const MemoryAlert& alert) = 0;
};

/// Evaluates, logs each alert as a warning (module "memory.alerts") and tells `listener`, which may
/// be nullptr.
std::vector<MemoryAlert> raise_alerts(const MemoryMonitoringConfig& config,
                                      const GenerationMemory& memory, AlertListener* listener);

}  // namespace m3u_proxy::memory
