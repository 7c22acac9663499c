// BlobSorter: brings records of any size into the order of their keys, compared byte by byte, in
// the memory it gets: in memory while they fit, else as sorted runs on disk that are merged. The
// order is the same either way; records with equal keys stay in the order they came in.
//
// What to sort by is up to the code that makes the key: see sort_key.hpp.
#pragma once

#include <cstdint>
#include <string_view>

#include <m3u_proxy/spill/record_sorter.hpp>

namespace m3u_proxy::spill {

/// Not thread-safe. What it takes from must outlive it. While runs are merged, a record larger
/// than 16 KB takes its size once for each run that is at such a one.
class BlobSorter {
 public:
  using Options = SorterOptions;

  /// Without `space` all records must fit in memory.
  BlobSorter(memory::Budget& budget, spill::SpillSpace* space, Options options = {})
      : budget_(&budget), options_(options), runs_(budget, space, options.tag, Form{}) {}

  /// Key and payload together up to 1 GB. Errors: kOverBudget, kDiskFull, kIo.
  Result<> add(std::string_view key, std::string_view payload);
  /// To be called after the last add(). Errors: kDiskFull, kIo, kOverBudget.
  Result<> finish();
  /// The next record in order, valid until the next call; false behind the last. Errors: kIo,
  /// kOverBudget.
  Result<bool> next(std::string_view& key, std::string_view& payload);
  /// After finish(): before the first record again. Errors: as finish().
  Result<> rewind();
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool on_disk() const { return !runs_.empty(); }
  [[nodiscard]] Bytes footprint() const { return {buffer_.size()}; }
  /// Drops all records and gives memory and disk back.
  void clear();

 private:
  /// A record: the two sizes, the key, the payload.
  struct Form {
    [[nodiscard]] static std::string_view key(const char* record);
    [[nodiscard]] static std::string_view payload(const char* record);
    [[nodiscard]] static std::size_t size(const char* record);
    [[nodiscard]] static bool less(const char* a, const char* b) { return key(a) < key(b); }
  };
  struct Entry {
    std::uint64_t prefix;  // the key's first bytes, the first one highest
    std::uint64_t offset;
  };

  /// Entries are at the end of the buffer, the first one last.
  [[nodiscard]] std::span<Entry> entries() const;
  Result<> make_room(std::size_t record);
  [[nodiscard]] bool has_room(std::size_t record) const;
  Result<bool> grow(std::size_t record);
  void sort();
  Result<> spill();

  memory::Budget* budget_;
  Options options_;
  SorterRuns<Form> runs_;
  io::Buffer buffer_;
  std::size_t used_ = kSorterBlock;  // the first block is for writing
  std::size_t count_ = 0;            // records in the buffer
  std::size_t at_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace m3u_proxy::spill
