// CleanupLog: the last cleanups of a process, whichever run asked for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include <m3u_proxy/memory/cleanup.hpp>

namespace m3u_proxy::runtime {

/// Thread-safe.
class CleanupLog {
 public:
  /// Beyond these the oldest is forgotten.
  static constexpr std::size_t kMost = 100;

  struct Entry {
    std::int64_t at = 0;  ///< seconds since 1970
    memory::CleanupStats stats{};
  };
  void add(std::int64_t at, const memory::CleanupStats& stats);
  /// Newest first.
  [[nodiscard]] std::vector<Entry> entries() const;

 private:
  mutable std::mutex mutex_;
  std::deque<Entry> entries_;
};

}  // namespace m3u_proxy::runtime
