// How long to wait before what failed is tried again.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace m3u_proxy::jobs {

/// 30 s after the first failure in a row, then twice as long each time, up to an hour.
constexpr std::chrono::seconds retry_after(std::int64_t failures_in_a_row) {
  constexpr std::chrono::seconds kFirst{30};
  constexpr std::chrono::seconds kLongest{3600};
  constexpr std::int64_t kMostDoublings = 7;
  const auto doublings = std::clamp<std::int64_t>(failures_in_a_row - 1, 0, kMostDoublings);
  return std::min(kFirst * (std::int64_t{1} << doublings), kLongest);
}

}  // namespace m3u_proxy::jobs
