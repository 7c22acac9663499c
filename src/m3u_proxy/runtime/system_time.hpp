// System time: what a run works with where nobody gives it another time.
#pragma once

#include <chrono>
#include <cstdint>

namespace m3u_proxy::runtime {

/// Seconds since 1970, by the system's clock. Thread-safe.
inline std::int64_t system_time() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

}  // namespace m3u_proxy::runtime
