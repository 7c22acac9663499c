// MemoryPressureLevel: how close the process is to its memory limit, in five levels.
#pragma once

#include <cstdint>
#include <string_view>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/memory/memory_config.hpp>

namespace m3u_proxy::memory {

enum class MemoryPressureLevel : std::uint8_t {
  kOptimal,    ///< below 50 % of the limit
  kModerate,   ///< 50 to 70 %
  kHigh,       ///< 70 to 85 %
  kCritical,   ///< 85 to 95 %
  kEmergency,  ///< above 95 %
};
/// "Optimal", "Moderate" …
std::string_view to_string(MemoryPressureLevel level);

/// The level of `used` under `limit`; Optimal when there is no limit. Takes nanoseconds.
MemoryPressureLevel pressure_level(Bytes used, Bytes limit);

/// The level of `used` by thresholds in MB; Optimal when they are all 0 (not known).
MemoryPressureLevel system_pressure_level(Bytes used, const MemoryThresholds& thresholds);

/// Follows the level over time: up at once, down only when the use is 5 points below the
/// threshold of the current level. Not thread-safe.
class PressureTracker {
 public:
  /// Measured against these too from now on, and the worse level counts (pressure_thresholds =
  /// "system"). Between two thresholds the points of the hysteresis are shares of their distance.
  void set_system_thresholds(const MemoryThresholds& thresholds) { system_ = thresholds; }
  /// The level after seeing the worse of `account` and `rss` against `limit`.
  MemoryPressureLevel update(Bytes account, Bytes rss, Bytes limit);
  [[nodiscard]] MemoryPressureLevel level() const { return level_; }

 private:
  MemoryThresholds system_;
  MemoryPressureLevel level_ = MemoryPressureLevel::kOptimal;
};

}  // namespace m3u_proxy::memory
