// Spool: frames on their way from one pass to the next, in order, in as little memory as asked.
//
// Its back ends stand in one line: plain memory, then LZ4 blocks in memory. A spool moves down
// that line by itself when it holds more than `compress_beyond`, and when memory pressure asks for
// it (move_down()), in the middle of the stream, never up. What is in it already stays as it is
// stored.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::catalog {

enum class SpoolKind : std::uint8_t { kMemory, kCompressed };
/// "standard", "compressed": the word in the generation tree.
std::string_view to_string(SpoolKind kind);

class Spool {
 public:
  struct Options {
    Bytes compress_beyond = mib(16);
    SpoolKind first = SpoolKind::kMemory;
  };
  /// A frame as it will be stored: itself or compressed.
  struct Packed {
    std::span<const std::uint8_t> bytes;
    std::uint32_t raw_size = 0;
    bool compressed = false;
  };

  Spool(memory::SlabPool& slabs, Options options);
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  /// Brings `frame` into the form the spool stores now; compressed bytes stand in `scratch`.
  /// Thread-safe, so that the work is done in parallel. Throws memory::OverBudget.
  Packed pack(std::span<const std::uint8_t> frame, std::pmr::vector<std::uint8_t>& scratch) const;
  /// Appends. One thread at a time. Error: kOverBudget.
  Result<> append(const Packed& packed);

  [[nodiscard]] std::size_t frames() const { return blocks_.size(); }
  /// Frame `index` (< frames()), in place or unpacked into `scratch`. Thread-safe once all is
  /// appended. Errors: kInternal when a block does not unpack to what it was; kOverBudget.
  Result<std::span<const std::uint8_t>> read(std::size_t index,
                                             std::pmr::vector<std::uint8_t>& scratch) const;
  /// Drops all frames and gives the memory back.
  void clear();

  /// From now on stores at most as `kind` allows; never moves up. Thread-safe.
  void move_down(SpoolKind kind);
  [[nodiscard]] SpoolKind kind() const { return kind_.load(std::memory_order_relaxed); }
  [[nodiscard]] Bytes stored() const { return stored_; }

 private:
  struct Block {
    const std::uint8_t* data;
    std::uint32_t size;
    std::uint32_t raw_size;  // 0: stored plain
  };
  Result<std::uint8_t*> place(std::size_t size);

  memory::SlabPool* slabs_;
  Options options_;
  std::atomic<SpoolKind> kind_;
  memory::BudgetResource resource_;
  std::pmr::vector<Block> blocks_;
  std::pmr::vector<memory::Slab> storage_;
  std::size_t used_in_last_ = 0;
  Bytes stored_{};
};

}  // namespace m3u_proxy::catalog
