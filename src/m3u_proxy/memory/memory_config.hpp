// Memory configuration: what a user may say about memory handling, as plain values with their
// defaults. A configuration file fills them in (docs/configuration.md); a program that uses the
// library may write them down itself. MB is 2^20 bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/memory/cleanable.hpp>

namespace m3u_proxy::memory {

/// `max_memory_mb`: a memory limit as the user gives it.
struct MemoryLimitSetting {
  enum class Kind : std::uint8_t { kAuto, kNone, kFixed };
  Kind kind = Kind::kAuto;
  Bytes fixed{};  ///< of kFixed

  bool operator==(const MemoryLimitSetting&) const = default;
};

/// [memory_cleanup]: when and how memory is given back.
struct MemoryCleanupConfig {
  /// Every cleanup returns free memory to the system, whatever its strategy.
  bool aggressive_cleanup = false;
  /// Resident size from which memory counts as short; none: the memory limit.
  std::optional<double> memory_pressure_threshold_mb{};
  bool cleanup_between_stages = true;
  /// While a stage runs, clean up by the chosen strategy, not more often than this; none: never.
  std::optional<std::chrono::seconds> auto_gc_interval{};
  /// While a stage runs, clean up aggressively at least this often; none: never.
  std::optional<std::chrono::seconds> force_cleanup_frequency{};
  /// Each cleanup and its reasons are logged at info instead of debug.
  bool detailed_logging = false;
  /// The last kCleanupHistory cleanups are kept, for the report.
  bool track_cleanup_history = false;
};
constexpr std::size_t kCleanupHistory = 1000;

/// [memory_monitoring]: from where on a figure is worth an alert; 0 switches an alert off.
struct MemoryMonitoringConfig {
  double peak_memory_alert_mb = 1024;           ///< a generation's peak above this
  double efficiency_alert_threshold = 10;       ///< fewer channels per MB of peak than this
  std::uint32_t cleanup_failure_threshold = 5;  ///< so many failed cleanups in a generation
  double plugin_memory_leak_threshold = 50;     ///< MB that a plugin grew without a cleanup
};

/// [memory_pools]: how much is kept for reuse.
struct MemoryPoolConfig {
  std::uint64_t channel_pool_size = 10000;   ///< channels whose batches are kept
  std::uint64_t metadata_pool_size = 5000;   ///< metadata entries that are kept
  std::uint64_t temp_buffer_size = 1048576;  ///< bytes of a buffer for reading and writing
};

/// What a deployment wants most; decides the cleanup strategy.
enum class UseCase : std::uint8_t {
  kHighThroughput,     ///< minimal cleanup for speed: Basic
  kMemoryConstrained,  ///< little memory: Aggressive
  kBalanced,           ///< looks and adapts: Smart
};
constexpr CleanupStrategy cleanup_strategy_for(UseCase use_case) {
  switch (use_case) {
    case UseCase::kHighThroughput:
      return CleanupStrategy::kBasic;
    case UseCase::kMemoryConstrained:
      return CleanupStrategy::kAggressive;
    case UseCase::kBalanced:
      break;
  }
  return CleanupStrategy::kSmart;
}

/// `cleanup_strategy`: one of the three, or by pressure.
enum class CleanupChoice : std::uint8_t { kAuto, kBasic, kSmart, kAggressive };

/// The strategy between stages: what was chosen, else what the use case asks for; nullopt: by
/// pressure.
constexpr std::optional<CleanupStrategy> chosen_cleanup_strategy(
    CleanupChoice choice, std::optional<UseCase> use_case = std::nullopt) {
  switch (choice) {
    case CleanupChoice::kBasic:
      return CleanupStrategy::kBasic;
    case CleanupChoice::kSmart:
      return CleanupStrategy::kSmart;
    case CleanupChoice::kAggressive:
      return CleanupStrategy::kAggressive;
    case CleanupChoice::kAuto:
      break;
  }
  if (use_case) return cleanup_strategy_for(*use_case);
  return std::nullopt;
}

/// `pressure_thresholds`: what the pressure level is measured against.
enum class PressureThresholds : std::uint8_t {
  kPercent,  ///< shares of the memory limit
  kSystem,   ///< shares of the machine's memory too: the worse of both
};

/// Up to where each pressure level goes, in MB; above the last one it is Emergency.
struct MemoryThresholds {
  double optimal_mb = 0;
  double moderate_mb = 0;
  double high_mb = 0;
  double critical_mb = 0;
};

}  // namespace m3u_proxy::memory
