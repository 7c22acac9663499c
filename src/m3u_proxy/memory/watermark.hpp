// Watermark: the most that a figure came to since some moment, without disturbing the counter that
// others read as well.
//
// A counter of the whole process, such as the kernel's peak of the resident size, only rises, and
// is never reset: several runs and every tool outside look at it. Where it has risen since the
// moment, its value is the peak, exactly; where it has not, the peak is at most what it was, and
// the highest sample is the best that is known.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include <m3u_proxy/base/bytes.hpp>

namespace m3u_proxy::memory {

/// Thread-safe, begin() apart.
class Watermark {
 public:
  /// From now on; `counter`: the process's at this moment.
  void begin(Bytes now, Bytes counter) {
    seen_.store(now.count, std::memory_order_relaxed);
    counter_ = counter;
  }
  /// Takes a sample into account.
  void see(Bytes now) noexcept {
    std::uint64_t seen = seen_.load(std::memory_order_relaxed);
    while (seen < now.count &&
           !seen_.compare_exchange_weak(seen, now.count, std::memory_order_relaxed)) {
    }
  }
  /// The most since begin(); `counter`: the process's now.
  [[nodiscard]] Bytes peak(Bytes counter) const {
    return counter > counter_ ? std::max(counter, seen()) : seen();
  }
  /// The highest sample since begin().
  [[nodiscard]] Bytes seen() const { return {seen_.load(std::memory_order_relaxed)}; }

 private:
  std::atomic<std::uint64_t> seen_{0};
  Bytes counter_{};
};

}  // namespace m3u_proxy::memory
