// CleanableSet: cleanables that come and go while a process lives, such as the caches of a service,
// cleaned as one.
//
// Thread-safe; its members are cleaned under its lock, one cleanup after the other, and must be
// thread-safe themselves.
#pragma once

#include <algorithm>
#include <mutex>
#include <vector>

#include <m3u_proxy/memory/cleanable.hpp>

namespace m3u_proxy::memory {

class CleanableSet final : public MemoryCleanable {
 public:
  /// A cleanable's time in the set. Both outlive it.
  class Member {
   public:
    Member(CleanableSet& set, MemoryCleanable& cleanable) : set_(set), cleanable_(cleanable) {
      const std::scoped_lock lock(set_.mutex_);
      set_.members_.push_back(&cleanable_);
    }
    /// Waits for the end of a cleanup.
    ~Member() {
      const std::scoped_lock lock(set_.mutex_);
      std::erase(set_.members_, &cleanable_);
    }
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

   private:
    CleanableSet& set_;
    MemoryCleanable& cleanable_;
  };

  std::size_t basic_cleanup() override { return clean(CleanupStrategy::kBasic); }
  std::size_t aggressive_cleanup() override { return clean(CleanupStrategy::kAggressive); }
  std::size_t smart_cleanup() override { return clean(CleanupStrategy::kSmart); }
  [[nodiscard]] MemoryUsage memory_usage() const override {
    const std::scoped_lock lock(mutex_);
    MemoryUsage usage;
    for (const MemoryCleanable* const member : members_) usage += member->memory_usage();
    return usage;
  }

 private:
  std::size_t clean(CleanupStrategy strategy) {
    const std::scoped_lock lock(mutex_);
    std::size_t items = 0;
    for (MemoryCleanable* const member : members_) items += apply_cleanup(*member, strategy);
    return items;
  }

  mutable std::mutex mutex_;
  std::vector<MemoryCleanable*> members_;
};

}  // namespace m3u_proxy::memory
