#include <algorithm>
#include <array>

#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/memory/pressure.hpp>

namespace m3u_proxy::memory {
namespace {

constexpr std::size_t kLevels = static_cast<std::size_t>(MemoryPressureLevel::kEmergency) + 1;
/// Percent of the limit from which a level holds; Emergency only above its figure.
constexpr std::array<double, kLevels> kFromPercent = {0, 50, 70, 85, 95};
/// How far below its threshold the use must fall before a level is left.
constexpr double kHysteresisPercent = 5;

double percent_of(Bytes used, Bytes limit) {
  if (limit == Budget::kUnlimited) return 0;
  if (limit.count == 0) return 100;
  return static_cast<double>(used.count) * 100 / static_cast<double>(limit.count);
}

/// Where `used` would be if the thresholds were the percentages of a limit: straight lines
/// between them, and above the last one always more than 95.
double percent_of(Bytes used, const MemoryThresholds& thresholds) {
  if (thresholds.critical_mb <= 0) return 0;
  const std::array<double, kLevels> ends = {0, thresholds.optimal_mb, thresholds.moderate_mb,
                                            thresholds.high_mb, thresholds.critical_mb};
  const double mb = used.mb();
  for (std::size_t i = 1; i < kLevels; ++i)
    if (mb < ends[i])
      return kFromPercent[i - 1] +
             (mb - ends[i - 1]) / (ends[i] - ends[i - 1]) * (kFromPercent[i] - kFromPercent[i - 1]);
  return kFromPercent.back() + (mb - thresholds.critical_mb) / thresholds.critical_mb * 100;
}

MemoryPressureLevel level_at(double percent) {
  if (percent > kFromPercent[4]) return MemoryPressureLevel::kEmergency;
  if (percent >= kFromPercent[3]) return MemoryPressureLevel::kCritical;
  if (percent >= kFromPercent[2]) return MemoryPressureLevel::kHigh;
  if (percent >= kFromPercent[1]) return MemoryPressureLevel::kModerate;
  return MemoryPressureLevel::kOptimal;
}

}  // namespace

std::string_view to_string(MemoryPressureLevel level) {
  static constexpr std::array<std::string_view, kLevels> kNames = {"Optimal", "Moderate", "High",
                                                                   "Critical", "Emergency"};
  return kNames[static_cast<std::size_t>(level)];
}

MemoryPressureLevel pressure_level(Bytes used, Bytes limit) {
  return level_at(percent_of(used, limit));
}

MemoryPressureLevel system_pressure_level(Bytes used, const MemoryThresholds& thresholds) {
  return level_at(percent_of(used, thresholds));
}

MemoryPressureLevel PressureTracker::update(Bytes account, Bytes rss, Bytes limit) {
  const Bytes used = std::max(account, rss);
  const double percent = std::max(percent_of(used, limit), percent_of(used, system_));
  const MemoryPressureLevel now = level_at(percent);
  if (now >= level_) {
    level_ = now;
    return level_;
  }
  // Each level on the way down is left only when the use is clearly below where it begins.
  while (level_ > now &&
         percent < kFromPercent[static_cast<std::size_t>(level_)] - kHysteresisPercent)
    level_ = static_cast<MemoryPressureLevel>(static_cast<std::uint8_t>(level_) - 1);
  return level_;
}

}  // namespace m3u_proxy::memory
