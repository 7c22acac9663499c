// Block file: how a snapshot keeps what has to be read in pieces: numbered blocks of items, each
// with a checksum and packed with LZ4 where that pays, and a table of them at the end.
//
//   header   16 bytes  "M3UPXBLK", version, content (what the blocks are about)
//   blocks             one after the other
//   table              an entry of 48 bytes a block
//   trailer  32 bytes  where the table is, entries, checksum of table and header, "M3UPXEND"
//
// All numbers are little-endian. A file is written once, from front to back, and never changed.
// The table is read and checked when the file is opened, a block when it is read: what comes back
// is what was written, or an error. Bytes from anywhere may be opened.
#pragma once

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::snapshots {

/// A larger block is refused, in writing and in reading.
constexpr std::size_t kMostBlockBytes = std::size_t{16} << 20U;
/// The version of the format that is written; an older one is made again from what it was made
/// of, a newer one is refused.
constexpr std::uint32_t kBlockFileVersion = 1;

struct BlockEntry {
  std::uint64_t offset = 0;      ///< where its bytes begin in the file
  std::uint64_t first_item = 0;  ///< number of its first item, as its writer counts
  std::uint64_t checksum = 0;    ///< XXH3 of the stored bytes
  std::uint32_t items = 0;
  std::uint32_t stored = 0;  ///< bytes in the file
  std::uint32_t size = 0;    ///< bytes unpacked; equal to `stored`: not packed
  std::uint32_t kind = 0;    ///< what the writer calls this sort of block
  std::uint64_t reserved = 0;
};
static_assert(sizeof(BlockEntry) == 48);

/// The bytes of a block as the file has them, so that another thread than the writer's may pack
/// them. Its memory is kept for the next block. Not thread-safe.
class PackedBlock {
 public:
  /// `resource` lives longer.
  explicit PackedBlock(std::pmr::memory_resource* resource) : space_(resource) {}
  /// Errors: kInvalidArgument for more than kMostBlockBytes; kOverBudget.
  Result<> pack(std::string_view bytes);

 private:
  friend class BlockWriter;
  [[nodiscard]] std::string_view stored() const { return {space_.data(), stored_}; }
  std::pmr::vector<char> space_;
  std::uint32_t stored_ = 0;  ///< bytes of it
  std::uint32_t size_ = 0;    ///< of what was packed
  std::uint64_t checksum_ = 0;
};

/// Not thread-safe.
class BlockWriter {
 public:
  /// Writes to `sink`, which lives longer. `content` tells kinds of files apart.
  BlockWriter(io::ByteSink& sink, memory::Budget& budget, std::uint32_t content);

  /// Appends a block of `items` items from `first_item` on. Errors: of the sink; kOverBudget.
  Result<> append(std::uint32_t kind, std::uint64_t first_item, std::uint32_t items,
                  const PackedBlock& block);
  /// As PackedBlock::pack() and then append().
  Result<> append(std::uint32_t kind, std::uint64_t first_item, std::uint32_t items,
                  std::string_view bytes);
  /// Writes the table; nothing is appended after it. Errors: as append().
  Result<> finish();

 private:
  Result<> write(std::string_view bytes);
  Result<> begin();

  io::ByteSink& sink_;
  std::uint32_t content_;
  memory::BudgetResource resource_;
  std::pmr::vector<BlockEntry> table_;
  PackedBlock block_;
  std::uint64_t written_ = 0;
};

/// What a reader unpacks into; one a thread, kept for the next block.
class BlockBuffer {
 public:
  explicit BlockBuffer(memory::Budget& budget)
      : resource_(budget, memory::Tag::kSnapshot), stored_(&resource_), bytes_(&resource_) {}
  BlockBuffer(const BlockBuffer&) = delete;
  BlockBuffer& operator=(const BlockBuffer&) = delete;

 private:
  friend class BlockReader;
  memory::BudgetResource resource_;
  std::pmr::vector<char> stored_;
  std::pmr::vector<char> bytes_;
};

/// Thread-safe: several may read at once, each with a buffer of its own.
class BlockReader {
 public:
  /// Takes an open file over. `name` is for messages. Errors: kParse when the file is damaged, of
  /// another content or of another version (the message says which); kIo; kOverBudget.
  static Result<std::unique_ptr<BlockReader>> open(io::Descriptor file, std::string name,
                                                   memory::Budget& budget, std::uint32_t content);

  /// In the order they were written.
  [[nodiscard]] std::span<const BlockEntry> blocks() const { return table_; }
  /// The block of this kind that has item `item`; nullopt: none has.
  [[nodiscard]] std::optional<std::size_t> find(std::uint32_t kind, std::uint64_t item) const;
  /// The unpacked bytes of a block, valid until the buffer is used again or gone. Errors: kIo when
  /// they are not what was written; kOverBudget.
  Result<std::span<const char>> read(std::size_t block, BlockBuffer& buffer) const;

 private:
  BlockReader(io::Descriptor file, std::string name, memory::Budget& budget);
  Result<> load(std::uint32_t content);
  Result<> read_exactly(std::uint64_t offset, std::span<char> bytes) const;
  [[nodiscard]] std::unexpected<Error> damaged(std::string_view what) const;

  io::Descriptor file_;
  std::string name_;
  memory::BudgetResource resource_;
  std::pmr::vector<BlockEntry> table_;
  std::pmr::vector<std::uint32_t> order_;  // of the table's entries: by kind, then by first item
};

}  // namespace m3u_proxy::snapshots
