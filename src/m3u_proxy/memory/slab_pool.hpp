// SlabPool: mapped blocks of a few fixed sizes, recycled between batches, charged to the Budget.
//
// A fresh page costs some microseconds, so slabs that come back are kept (tag kPool) and given
// out again; under pressure the Budget asks for them and they are unmapped. Thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>
#include <string_view>
#include <vector>

#include <m3u_proxy/memory/budget.hpp>

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
};

class SlabPool {
 public:
  /// Sizes that are kept for reuse; a larger request gets its own mapping, rounded up to 1 MiB.
  static constexpr std::array<std::size_t, 4> kSizes = {
      std::size_t{64} << 10U, std::size_t{256} << 10U, std::size_t{1} << 20U,
      std::size_t{4} << 20U};

  explicit SlabPool(Budget& budget, Bytes keep_at_most = mib(16));
  ~SlabPool();
  SlabPool(const SlabPool&) = delete;
  SlabPool& operator=(const SlabPool&) = delete;

  /// A slab of at least `size` bytes; its content is undefined. Error: kOverBudget.
  [[nodiscard]] Result<Slab> acquire(Tag tag, std::size_t size);
  /// Unmaps kept slabs until `wanted` bytes are freed; returns how many were.
  Bytes trim(Bytes wanted = Budget::kUnlimited);
  [[nodiscard]] PoolStats stats() const;
  [[nodiscard]] Budget& budget() { return *budget_; }

 private:
  friend class Slab;
  void give_back(Tag tag, char* data, std::size_t size) noexcept;

  Budget* budget_;
  std::uint64_t keep_at_most_;
  std::size_t reclaimer_;
  mutable std::mutex mutex_;
  std::array<std::vector<char*>, kSizes.size()> kept_;
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
  /// Gives back what was allocated last: the block that ends at the arena's end shrinks to end at
  /// `end` (a pointer into that block).
  void shrink_last(char* end) { next_ = end; }
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
