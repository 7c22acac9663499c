// GuideDuplicates: finds programmes that an output has already, give or take some minutes.
//
// A duplicate is a programme of the same output with the same folded title whose start lies within
// 300 s and whose stop within 600 s of one that was kept. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <vector>

#include <m3u_proxy/pipeline/guide_index.hpp>
#include <m3u_proxy/pipeline/guide_work.hpp>

namespace m3u_proxy::pipeline {

class GuideDuplicates {
 public:
  static constexpr std::int64_t kStartTolerance = 300;  ///< seconds
  static constexpr std::int64_t kStopTolerance = 600;   ///< seconds

  explicit GuideDuplicates(std::pmr::memory_resource* memory) : heads_(memory), kept_(memory) {}

  /// Whether an earlier programme makes this one a duplicate; if none does, it is kept.
  /// Throws memory::OverBudget.
  bool is_duplicate(const GuideWork::Programme& programme);

 private:
  struct Kept {
    std::int64_t start;
    std::int64_t stop;
    std::uint32_t next;
  };
  [[nodiscard]] static catalog::Key128 key_of(const GuideWork::Programme& programme,
                                              std::int64_t slot);

  KeyTable heads_;  // output, title and slot of time → the last one kept there
  std::pmr::vector<Kept> kept_;
};

}  // namespace m3u_proxy::pipeline
