// GuideChannels: the texts of the playlist's channels and of the guides' own `<channel>`s, until
// the guide's head is written.
//
// Both wait in Spools: packed records in frames, read back in order, so that the memory they take
// is the Spools' affair. Not thread-safe. Throws memory::OverBudget where it has no Result.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

#include <m3u_proxy/catalog/spool.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>
#include <m3u_proxy/pipeline/guide.hpp>
#include <m3u_proxy/pipeline/guide_index.hpp>

namespace m3u_proxy::pipeline {

/// A channel of the playlist as it comes back; views are valid until the next one.
struct ListedChannel {
  std::uint32_t output = 0;
  bool first = false;  ///< the first one with its guide id: the one that is written
  GuideChannel channel;
};

/// The playlist's channels, in order.
class GuideChannelList {
 public:
  explicit GuideChannelList(memory::SlabPool& slabs);

  Result<> add(const GuideChannel& channel, GuideIndex::Added added);
  /// To be called after the last add(). Error: kOverBudget.
  Result<> finish();
  [[nodiscard]] std::uint64_t size() const { return size_; }

  /// Reads the list from its start.
  class Reader {
   public:
    explicit Reader(const GuideChannelList& list);
    /// The next channel; false at the end. Errors: kOverBudget, kInternal.
    Result<bool> next(ListedChannel& channel);

   private:
    const GuideChannelList* list_;
    std::size_t frame_ = 0;
    std::size_t at_ = 0;
    std::span<const std::uint8_t> bytes_;
    std::pmr::vector<std::uint8_t> scratch_;
  };

 private:
  Result<> flush();

  memory::BudgetResource memory_;
  catalog::Spool spool_;
  std::pmr::vector<std::uint8_t> frame_;
  std::pmr::vector<std::uint8_t> packed_;
  std::uint64_t size_ = 0;
};

/// The guides' own `<channel>` elements, checked, that belong to an output.
class SourceChannels {
 public:
  explicit SourceChannels(memory::SlabPool& slabs);

  Result<> add(std::uint32_t output, std::uint16_t source, std::string_view element);
  /// Brings them into output order, to be asked for from the first; more may be added afterwards.
  Result<> finish();
  /// The element of `output`, asked for in rising order: of the source that provides its
  /// programmes, else of the first that has it; "" when none has. Valid until the next call.
  Result<std::string_view> find(std::uint32_t output, std::uint16_t provider);

 private:
  struct Entry {
    std::uint32_t output;
    std::uint32_t frame;
    std::uint32_t offset;
    std::uint32_t size;
    std::uint16_t source;
  };
  Result<> flush();

  memory::BudgetResource memory_;
  catalog::Spool spool_;
  std::pmr::vector<std::uint8_t> frame_;
  std::pmr::vector<std::uint8_t> packed_;
  std::pmr::vector<Entry> entries_;
  std::size_t next_ = 0;
  std::size_t loaded_frame_ = SIZE_MAX;
  std::span<const std::uint8_t> loaded_;
};

}  // namespace m3u_proxy::pipeline
