// KeySet: which 128-bit keys were seen, exactly, in memory charged to the Budget.
//
// Keys are hashes (XXH3, 128 bits); two different texts with the same key are taken for the same,
// which for a billion keys has a chance below 10^-20. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::catalog {

struct Key128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const Key128&) const = default;
};

/// The key of one text, or of two texts as if joined by LF.
Key128 key_of(std::string_view text);
Key128 key_of(std::string_view first, std::string_view second);

class KeySet {
 public:
  explicit KeySet(memory::Budget& budget);
  KeySet(const KeySet&) = delete;
  KeySet& operator=(const KeySet&) = delete;

  /// True when `key` was not there before. Throws memory::OverBudget when it cannot grow.
  bool insert(Key128 key);
  [[nodiscard]] bool contains(Key128 key) const;
  [[nodiscard]] std::uint64_t size() const { return size_ + (has_zero_ ? 1 : 0); }
  /// Memory the table takes.
  [[nodiscard]] Bytes footprint() const { return {slots_.capacity() * sizeof(Key128)}; }
  /// Drops all keys and gives the memory back.
  void clear();

 private:
  void grow();
  [[nodiscard]] std::size_t slot_of(Key128 key) const;

  memory::BudgetResource resource_;
  std::pmr::vector<Key128> slots_;  // a power of two of them; the zero key marks a free one
  std::uint64_t size_ = 0;
  bool has_zero_ = false;
};

/// How often each 64-bit key was added and not yet taken away again; for comparing two lists.
/// Charged to the Budget. Not thread-safe. Throws memory::OverBudget when it cannot grow.
class KeyCounter {
 public:
  explicit KeyCounter(memory::Budget& budget);
  KeyCounter(const KeyCounter&) = delete;
  KeyCounter& operator=(const KeyCounter&) = delete;

  void add(std::uint64_t key);
  /// Takes one of `key` away; false when there is none left.
  bool take(std::uint64_t key);
  /// How many keys were added and not taken.
  [[nodiscard]] std::uint64_t left() const { return left_; }

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::uint64_t count_plus_one = 0;  // 0: free
  };
  void grow();
  [[nodiscard]] std::size_t slot_of(std::uint64_t key) const;

  memory::BudgetResource resource_;
  std::pmr::vector<Slot> slots_;
  std::uint64_t size_ = 0;
  std::uint64_t left_ = 0;
};

}  // namespace m3u_proxy::catalog
