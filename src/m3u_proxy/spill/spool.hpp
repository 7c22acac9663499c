// Spool: frames on their way from one pass to the next, in order, in as little memory as asked.
//
// Its back ends are in one line: plain memory, LZ4 blocks in memory, LZ4 blocks in one temporary
// file. A spool moves down that line by itself, in the middle of the stream, never up: it
// compresses beyond `compress_beyond`, and goes to disk when its memory is refused, when the Budget
// asks for memory back, or when memory pressure says so (move_down()). Frames on disk are checked
// when they are read. A frame costs 16 bytes of memory wherever it is.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <span>
#include <vector>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/memory/cleanable.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>
#include <m3u_proxy/memory/storage_level.hpp>
#include <m3u_proxy/spill/spill_space.hpp>

namespace m3u_proxy::spill {

class Spool final : public memory::MemoryCleanable {
 public:
  struct Options {
    Bytes compress_beyond = mib(16);
    memory::StorageLevel first = memory::StorageLevel::kMemory;
    spill::SpillSpace* space = nullptr;  ///< without it frames stay in memory
  };
  /// A frame as it will be stored: itself or compressed.
  struct Packed {
    std::span<const std::uint8_t> bytes;
    std::uint32_t raw_size = 0;
    bool compressed = false;
  };

  Spool(memory::SlabPool& slabs, Options options);
  ~Spool() override;
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  /// Brings `frame` into the form the spool stores now; compressed bytes are in `scratch`, which
  /// grows to the frame's size or, where that is refused, the frame stays plain. Thread-safe, so
  /// that the work is done in parallel.
  Packed pack(std::span<const std::uint8_t> frame, std::pmr::vector<std::uint8_t>& scratch) const;
  /// Appends. One thread at a time. Errors: kOverBudget when there is no space to spill to;
  /// kDiskFull, kIo.
  Result<> append(const Packed& packed);

  [[nodiscard]] std::size_t frames() const { return blocks_.size(); }
  /// Frame `index` (< frames()), unpacked or copied into `scratch`; in place while nothing had to
  /// be compressed. One in place stays valid until clear(), and its memory isn't given back before.
  /// Thread-safe once all is appended. Errors: kIo when the disk does not give back what was
  /// written; kOverBudget; kInternal when a block does not unpack to what it was.
  Result<std::span<const std::uint8_t>> read(std::size_t index,
                                             std::pmr::vector<std::uint8_t>& scratch) const;
  /// Drops all frames and gives memory and disk back.
  void clear();

  /// Basic gives up room that the tables of frames do not need, Aggressive writes out what is in
  /// memory too; returns entries and frames. While nothing is appended or read.
  std::size_t basic_cleanup() override;
  std::size_t aggressive_cleanup() override;
  [[nodiscard]] memory::MemoryUsage memory_usage() const override;

  /// From now on stores at most as `kind` allows; never moves up. kSpill also writes out what is
  /// in memory; without space it is kCompressed. Thread-safe.
  void move_down(memory::StorageLevel kind);
  [[nodiscard]] memory::StorageLevel kind() const { return kind_.load(std::memory_order_relaxed); }
  /// Bytes in memory and on disk.
  [[nodiscard]] Bytes stored() const { return {stored_.load(std::memory_order_relaxed)}; }
  [[nodiscard]] Bytes on_disk() const { return {on_disk_.load(std::memory_order_relaxed)}; }

 private:
  struct Block {
    std::uint64_t place;     // an address, or kOnDisk and the place in the file
    std::uint32_t size;      // as stored
    std::uint32_t raw_size;  // 0: stored plain
  };
  /// A slab with blocks in it, or none any more when these are on disk.
  struct Segment {
    memory::Slab slab;
    std::size_t first_block;
    std::size_t used;
    mutable std::uint8_t lent;  // a frame of it was given in place
  };
  using ExclusiveLock = std::unique_lock<std::shared_mutex>;

  Result<> append_block(const Packed& packed);
  Result<> add_segment(std::size_t size);
  [[nodiscard]] bool has_room(std::size_t size) const;
  void put(const Packed& packed);
  Result<> put_on_disk(const Packed& packed);
  Result<std::uint64_t> write_block(std::span<const std::uint8_t> bytes, bool compressed);
  Result<Bytes> write_out(Bytes wanted);
  Result<> write_segment(Segment& segment, std::size_t end);
  Bytes reclaim(Bytes wanted);
  void lend(std::size_t index) const;
  Result<std::span<const std::uint8_t>> read_from_disk(
      const Block& block, std::pmr::vector<std::uint8_t>& scratch) const;
  template <typename T>
  void make_room(std::pmr::vector<T>& items);
  template <typename T>
  std::size_t shrink(std::pmr::vector<T>& items);

  memory::SlabPool* slabs_;
  Options options_;
  std::atomic<memory::StorageLevel> kind_;
  // Guards what follows. Nobody reserves memory under it: the Budget's reclaimer waits for it.
  mutable std::shared_mutex mutex_;
  memory::BudgetResource resource_;
  std::pmr::vector<Block> blocks_;
  std::pmr::vector<Segment> segments_;
  std::unique_ptr<io::TempFile> file_;
  std::atomic<std::uint64_t> stored_{0};
  std::atomic<std::uint64_t> on_disk_{0};
  std::size_t reclaimer_ = 0;
};

}  // namespace m3u_proxy::spill
