// MemoryPressureLevel: how close the process is to its memory limit, in the seed's five levels.
#pragma once

#include <cstdint>
#include <string_view>

#include <m3u_proxy/base/bytes.hpp>

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

/// Follows the level over time: up at once, down only when the use is 5 points below the
/// threshold of the current level. Not thread-safe.
class PressureTracker {
 public:
  /// The level after seeing the worse of `account` and `rss` against `limit`.
  MemoryPressureLevel update(Bytes account, Bytes rss, Bytes limit);
  [[nodiscard]] MemoryPressureLevel level() const { return level_; }

 private:
  MemoryPressureLevel level_ = MemoryPressureLevel::kOptimal;
};

}  // namespace m3u_proxy::memory
