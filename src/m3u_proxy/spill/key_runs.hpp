// KeyRuns: keys on disk, as sorted runs of 4 KB pages. Each run has a filter in memory that tells
// for most keys that they are not in it, and a fence that tells the page of the others.
//
// Runs of a size are merged when there are eight of them, so there are few. A key is in one run at
// most. const members may be called by several threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <m3u_proxy/io/buffer.hpp>
#include <m3u_proxy/spill/key_entry.hpp>
#include <m3u_proxy/spill/spill_block.hpp>
#include <m3u_proxy/spill/spill_space.hpp>

namespace m3u_proxy::spill {

template <typename Entry>
class KeyRuns {
 public:
  static constexpr std::size_t kPage = 4096;
  static constexpr std::size_t kEntriesOfPage = (kPage - spill::kSpillHeader) / sizeof(Entry);

  explicit KeyRuns(spill::SpillSpace& space) : space_(&space) {}

  /// Writes sorted entries, none of which is in a run yet, to a file of their own. Errors:
  /// kDiskFull, kIo: nothing is added.
  Result<> write(std::span<const Entry> sorted);
  /// Makes the filter and the fence of the run that was written last, while its entries are still
  /// at hand, in the reserved memory: the more, the faster. What is too much is given back.
  void index_last(std::span<const Entry> sorted, memory::Reservation memory);
  /// Merges runs while there are too many of a size, with `scratch` as its buffers. Errors:
  /// kDiskFull, kIo: all keys are still there.
  Result<> merge(std::span<char> scratch);

  /// The memory that index_last() makes full use of.
  static std::size_t index_bytes(std::uint64_t entries);
  Result<std::optional<std::uint32_t>> find(MixedKey key) const;
  [[nodiscard]] std::size_t count() const { return runs_.size(); }
  [[nodiscard]] std::size_t memory() const;
  void clear() { runs_.clear(); }

 private:
  struct Run {
    std::unique_ptr<io::TempFile> file;
    std::uint64_t entries = 0;
    io::Buffer memory{};              // the filter's blocks, then the fence
    std::uint64_t filter_blocks = 0;  // 0: no filter
    std::uint64_t fence_step = 0;     // pages for each fence; 0: no fence
    int filter_bits = 0;              // set for each key

    [[nodiscard]] std::uint64_t pages() const {
      return (entries + kEntriesOfPage - 1) / kEntriesOfPage;
    }
    [[nodiscard]] std::size_t page_bytes(std::uint64_t page) const;
    [[nodiscard]] std::uint64_t* filter_block(std::uint64_t hash) const;
    [[nodiscard]] std::uint64_t* fence() const;
    [[nodiscard]] std::uint64_t fences() const;
    void plan(memory::Reservation reserved);
    void add(std::uint64_t index, MixedKey key);
    [[nodiscard]] bool may_have(MixedKey key) const;
  };
  class Input;
  class Output;

  static std::size_t tier_of(const Run& run);
  Result<std::optional<std::uint32_t>> find_in(const Run& run, MixedKey key) const;
  static Result<std::optional<std::uint32_t>> find_in_pages(const Run& run, MixedKey key,
                                                            std::uint64_t begin, std::uint64_t end);
  static Result<std::span<const Entry>> read_page(const Run& run, std::uint64_t page,
                                                  std::span<char> buffer);
  Result<> merge_runs(std::size_t begin, std::size_t count, std::span<char> scratch);

  spill::SpillSpace* space_;
  std::vector<Run> runs_;  // the largest first
};

extern template class KeyRuns<KeyEntry<false>>;
extern template class KeyRuns<KeyEntry<true>>;

}  // namespace m3u_proxy::spill
