// SlabPool: mapped blocks of a few fixed sizes, recycled between batches, charged to the Budget.
//
// A fresh page costs some microseconds, so slabs that come back are kept (tag kPool) and given
// out again; under pressure the Budget asks for them and they are unmapped. Thread-safe. How much
// is kept is what MemoryPoolConfig says, less under pressure (follow()). A cleanup unmaps kept
// slabs: Basic none, Smart those that nobody took since the last cleanup, Aggressive all. Where
// cleanups follow each other at once, with nothing done between them, nothing counts as not taken.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string_view>
#include <vector>

#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/memory/cleanable.hpp>
#include <m3u_proxy/memory/memory_config.hpp>
#include <m3u_proxy/memory/pressure.hpp>

namespace m3u_proxy::memory {

class SlabPool;

/// A mapped block; goes back to its pool with the destructor. Movable.
class Slab {
 public:
  Slab() = default;
  Slab(Slab&& other) noexcept { swap(other); }
  Slab& operator=(Slab&& other) noexcept {
    Slab(std::move(other)).swap(*this);
    return *this;
  }
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;
  ~Slab();

  [[nodiscard]] char* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  explicit operator bool() const { return data_ != nullptr; }

 private:
  friend class SlabPool;
  Slab(SlabPool* pool, Tag tag, char* data, std::size_t size)
      : pool_(pool), tag_(tag), data_(data), size_(size) {}
  void swap(Slab& other) noexcept;

  SlabPool* pool_ = nullptr;
  Tag tag_ = Tag::kBatch;
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

struct PoolStats {
  std::uint64_t requests = 0;
  std::uint64_t hits = 0;  ///< served from a kept slab
  Bytes kept{};            ///< in kept slabs, now

  /// Part of the requests that was served from a kept slab, 0 to 1.
  [[nodiscard]] double hit_rate() const {
    return requests == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(requests);
  }
};

/// What a channel of channel_pool_size stands for: its fields and their text in a batch.
constexpr Bytes kPooledChannel = kib(1);
/// What an entry of metadata_pool_size stands for: its unknown attributes and directive lines, and
/// its part of a frame.
constexpr Bytes kPooledMetadata = kib(1);
/// How much a pool of this configuration keeps for reuse.
constexpr Bytes pool_bytes(const MemoryPoolConfig& config) {
  return kPooledChannel * config.channel_pool_size + kPooledMetadata * config.metadata_pool_size;
}

class SlabPool final : public MemoryCleanable {
 public:
  /// Sizes that are kept for reuse; a larger request gets its own mapping, rounded up to 1 MiB.
  static constexpr std::array<std::size_t, 4> kSizes = {
      std::size_t{64} << 10U, std::size_t{256} << 10U, std::size_t{1} << 20U,
      std::size_t{4} << 20U};

  explicit SlabPool(Budget& budget, const MemoryPoolConfig& config = {});
  /// Keeps at most so much, with temporary buffers of the default size.
  SlabPool(Budget& budget, Bytes keep_at_most) : SlabPool(budget, keep_at_most, {}) {}
  ~SlabPool() override;
  SlabPool(const SlabPool&) = delete;
  SlabPool& operator=(const SlabPool&) = delete;

  /// A slab of at least `size` bytes; its content is undefined. Error: kOverBudget.
  [[nodiscard]] Result<Slab> acquire(Tag tag, std::size_t size);
  /// A buffer for reading and writing of the configured size (temp_buffer_size). Error:
  /// kOverBudget.
  [[nodiscard]] Result<Slab> acquire_buffer(Tag tag) { return acquire(tag, buffer_size_); }
  /// Keeps what the level allows: all up to Moderate, half at High, a fifth at Critical, nothing in
  /// an Emergency; what is above that is unmapped at once. Cheap when the level is the same.
  void follow(MemoryPressureLevel level);
  /// Unmaps kept slabs until `wanted` bytes are freed; returns how many were.
  Bytes trim(Bytes wanted = Budget::kUnlimited);
  [[nodiscard]] PoolStats stats() const;

  /// They wait to be used again.
  std::size_t basic_cleanup() override { return 0; }
  /// Slabs unmapped.
  std::size_t smart_cleanup() override;
  std::size_t aggressive_cleanup() override;
  /// Held: kept slabs. Unused: those of them that nobody took since the last cleanup.
  [[nodiscard]] MemoryUsage memory_usage() const override;

  [[nodiscard]] Budget& budget() { return *budget_; }

 private:
  friend class Slab;
  SlabPool(Budget& budget, Bytes keep_at_most, const MemoryPoolConfig& config);
  void give_back(Tag tag, char* data, std::size_t size) noexcept;
  std::uint64_t unmap_kept(std::uint64_t wanted) noexcept;
  [[nodiscard]] bool has_been_idle() const;
  std::size_t unmap_all_but(const std::array<std::size_t, kSizes.size()>& counts) noexcept;

  Budget* budget_;
  std::uint64_t most_;  // without pressure
  std::size_t buffer_size_;
  std::atomic<MemoryPressureLevel> level_{MemoryPressureLevel::kOptimal};
  std::uint64_t keep_at_most_;  // at the present level
  std::size_t reclaimer_;
  mutable std::mutex mutex_;
  std::array<std::vector<char*>, kSizes.size()> kept_;
  std::array<std::size_t, kSizes.size()> idle_{};  // the fewest kept since the last cleanup
  std::uint64_t cleaned_at_request_ = 0;           // how many there had been
  std::chrono::steady_clock::time_point cleaned_at_{};
  std::uint64_t kept_bytes_ = 0;
  PoolStats stats_;
};

/// A bump allocator over slabs: text and arrays that die together. Addresses are stable until
/// reset(). Not thread-safe; one owner. Throws OverBudget when the Budget refuses a slab.
class Arena final : public std::pmr::memory_resource {
 public:
  Arena(SlabPool& pool, Tag tag) : pool_(&pool), tag_(tag) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  /// The other arena is empty afterwards and may be used again.
  Arena(Arena&& other) noexcept;
  Arena& operator=(Arena&& other) noexcept;
  ~Arena() override = default;

  /// `size` bytes, not aligned.
  char* allocate_text(std::size_t size) {
    if (static_cast<std::size_t>(end_ - next_) < size) add_slab(size);
    char* p = next_;
    next_ += size;
    return p;
  }
  /// A copy of `text` that lives as long as the arena.
  std::string_view copy(std::string_view text);
  /// Drops everything; keeps the first slab when it is of the common size.
  void reset();
  /// Bytes mapped.
  [[nodiscard]] Bytes footprint() const { return footprint_; }

 private:
  void add_slab(std::size_t at_least);
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* /*p*/, std::size_t /*bytes*/, std::size_t /*alignment*/) override {}
  [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override {
    return this == &other;
  }

  SlabPool* pool_;
  Tag tag_;
  std::vector<Slab> slabs_;
  char* next_ = nullptr;
  char* end_ = nullptr;
  Bytes footprint_{};
};

}  // namespace m3u_proxy::memory
