// PlaylistChannels: the texts of the playlist's channels until the guide's head is written.
//
// They wait in a Spool: packed records in frames, read back in order, so that the memory they take
// is the Spool's affair. A frame costs 20 bytes more.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/guide/guide.hpp>
#include <m3u_proxy/guide/matching/guide_index.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>
#include <m3u_proxy/spill/spool.hpp>

namespace m3u_proxy::guide {

/// A channel of the playlist as it comes back; views are valid until the next one.
struct ListedChannel {
  std::uint32_t output = GuideIndex::kNone;  ///< kNone: it has no guide id
  bool first = false;  ///< the first one with its guide id: the one that is written
  GuideChannel channel;
};

/// Filled by one thread; then any may read. Throws memory::OverBudget where it has no Result.
class PlaylistChannels {
 public:
  explicit PlaylistChannels(const pipeline::RunContext& context);

  /// Errors: kOverBudget, kDiskFull, kIo.
  Result<> add(const GuideChannel& channel, GuideIndex::Added added);
  /// To be called after the last add(). Errors: the same.
  Result<> finish();

  /// Reads the list from its start.
  class Reader {
   public:
    explicit Reader(const PlaylistChannels& list);
    /// The next channel; false at the end. Errors: kOverBudget, kIo, kInternal.
    Result<bool> next(ListedChannel& channel);

   private:
    friend class PlaylistChannels;
    const PlaylistChannels* list_;
    std::size_t frame_ = 0;
    std::size_t at_ = 0;
    std::span<const std::uint8_t> bytes_;
    std::pmr::vector<std::uint8_t> scratch_;
  };

  /// The tvg-id of an output, as the playlist has it. Thread-safe. Errors: as of next().
  [[nodiscard]] Result<std::string> id_of(std::uint32_t output) const;

 private:
  Result<> flush();

  mutable memory::BudgetResource memory_;
  spill::Spool spool_;
  std::pmr::vector<std::uint8_t> frame_;
  std::pmr::vector<std::uint8_t> packed_;
  std::pmr::vector<std::uint32_t> first_outputs_;  // by frame: none before it is as large
  std::uint32_t outputs_ = 0;                      // so far
};

}  // namespace m3u_proxy::guide
