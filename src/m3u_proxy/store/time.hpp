// Time: the instants that the store keeps, UTC milliseconds since 1970. The store reads no clock:
// callers pass the moment in.
#pragma once

#include <chrono>
#include <cstdint>

namespace m3u_proxy::store {

/// Time{} stands for "not yet" or "not known".
using Time = std::chrono::sys_time<std::chrono::milliseconds>;
using Duration = std::chrono::milliseconds;

/// Whole seconds since 1970.
constexpr std::int64_t seconds_of(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

}  // namespace m3u_proxy::store
