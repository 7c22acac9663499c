// SearchCaches: the memory in which a list's regular expressions remember what they found out while
// searching (RE2 builds its automata as values come, up to some MB), given up between two uses.
//
// Each search holds a Use. Only where nobody does are the caches dropped; what is searched
// later builds them again.
#pragma once

#include <cstddef>
#include <mutex>

#include <m3u_proxy/rules/linker.hpp>

namespace m3u_proxy::rules {

/// Thread-safe.
class SearchCaches {
 public:
  /// From now on the caches stay, until it is destroyed.
  class Use {
   public:
    /// nullptr: of nothing.
    explicit Use(SearchCaches* caches) : caches_(caches) { count(1); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() { count(-1); }

   private:
    void count(int change) {
      if (caches_ != nullptr) caches_->count(change);
    }
    SearchCaches* caches_;
  };

  /// Drops those of `linked` when nobody uses them, and returns how many regular expressions begin
  /// anew. `only_common`: those of searches for many patterns at once, which are the largest.
  std::size_t drop(LinkedPrograms& linked, bool only_common);

 private:
  void count(int change) {
    const std::lock_guard lock(mutex_);
    uses_ += change;
  }
  std::mutex mutex_;
  int uses_ = 0;
};

}  // namespace m3u_proxy::rules
