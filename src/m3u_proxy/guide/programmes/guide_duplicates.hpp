// GuideDuplicates: finds programmes that an output has already, give or take some minutes.
//
// A duplicate is a programme of the same output with the same folded title whose start lies within
// 300 s and whose stop within 600 s of one that was kept. What was kept is remembered as numbers
// in a KeyMap, in memory or on disk. Not thread-safe.
#pragma once

#include <cstdint>

#include <m3u_proxy/guide/programmes/written_programme.hpp>
#include <m3u_proxy/spill/key_map.hpp>

namespace m3u_proxy::guide {

class GuideDuplicates {
 public:
  static constexpr std::int64_t kStartTolerance = 300;  ///< seconds
  static constexpr std::int64_t kStopTolerance = 600;   ///< seconds
  /// Programmes that last longer than this, or less than nothing, count as lasting as long as
  /// this.
  static constexpr std::int64_t kLongest = (std::int64_t{1} << 22U) - 2;

  /// `space` may be nullptr: everything stays in memory.
  GuideDuplicates(memory::Budget& budget, spill::SpillSpace* space)
      : kept_(budget, space, {.tag = memory::Tag::kGuide, .memtable = kib(256)}) {}

  /// Whether an earlier programme makes this one a duplicate; if none does, it is kept. Errors:
  /// kOverBudget, kDiskFull, kIo.
  Result<bool> is_duplicate(const WrittenProgramme& programme);

 private:
  [[nodiscard]] static spill::Key128 key_of(const WrittenProgramme& programme, std::int64_t slot,
                                            std::uint64_t place);

  spill::KeyMap kept_;  // output, title, slot of time and place in it → times
};

}  // namespace m3u_proxy::guide
