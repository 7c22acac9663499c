#include <m3u_proxy/runtime/cleanup_log.hpp>

namespace m3u_proxy::runtime {

void CleanupLog::add(std::int64_t at, const memory::CleanupStats& stats) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() == kMost) entries_.pop_front();
  entries_.push_back({.at = at, .stats = stats});
}

std::vector<CleanupLog::Entry> CleanupLog::entries() const {
  const std::lock_guard lock(mutex_);
  return {entries_.rbegin(), entries_.rend()};
}

}  // namespace m3u_proxy::runtime
