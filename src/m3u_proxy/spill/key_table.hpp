// KeyTable: a hash table whose entries are in the order of their keys (linear probing, kept
// sorted), in one block of memory.
//
// The order has three uses: a search ends at the first greater key; the table grows in place,
// without a second table beside it; and what it holds is a sorted run as it is. Not
// thread-safe, except that const members may be called by several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <m3u_proxy/io/buffer.hpp>
#include <m3u_proxy/spill/key_entry.hpp>

namespace m3u_proxy::spill {

template <typename Entry>
class KeyTable {
 public:
  /// Where a key is, or where it belongs.
  struct Place {
    std::size_t slot = 0;
    const Entry* found = nullptr;
  };

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const { return memory_.size(); }
  /// Whether insert() may refuse: above three quarters, or without memory.
  [[nodiscard]] bool is_full() const { return size_ >= most_; }

  [[nodiscard]] Place find(MixedKey key) const;
  /// Puts an entry that is not there at its place, as found just before. False when there is no
  /// slot for it: the table must grow.
  bool insert(std::size_t slot, const Entry& entry);

  /// Makes the table larger by the reserved bytes (whole pages). Error: kOverBudget.
  Result<> grow(memory::Reservation more);
  /// Brings the entries together, sorted, at the front of the memory: only spread(),
  /// shrink_gathered() and drop() may follow.
  std::span<const Entry> gather();
  /// After gather(): a table again.
  void spread();
  /// After gather(): gives memory behind the entries back.
  memory::Reservation shrink_gathered() { return memory_.shrink(size_ * sizeof(Entry)); }
  /// Drops all entries and the memory beyond `keep` bytes.
  memory::Reservation drop(std::size_t keep);
  /// Drops all entries and all memory.
  void release();
  /// The memory of an empty table, for other uses until fresh() is called.
  [[nodiscard]] std::span<char> memory() { return memory_.bytes(); }
  /// Makes an empty table of the memory, whatever is in it.
  void fresh();

 private:
  [[nodiscard]] std::size_t home_of(std::uint64_t first) const {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::size_t>((Wide{first} * homes_) >> 64U);
  }
  [[nodiscard]] bool is_free(std::size_t slot) const { return slots()[slot].key() == kFreeKey; }
  [[nodiscard]] Entry* slots() { return reinterpret_cast<Entry*>(memory_.data()); }
  [[nodiscard]] const Entry* slots() const {
    return reinterpret_cast<const Entry*>(memory_.data());
  }
  void set_homes();
  void gather_at_end(std::size_t count);
  bool spread_from_end();
  void spread_all();

  io::Buffer memory_;
  std::size_t slots_ = 0;     // the last one is always free
  std::size_t homes_ = 0;     // slots that a key may want
  std::size_t overflow_ = 0;  // those behind, for what overflows
  std::uint64_t size_ = 0;
  std::uint64_t most_ = 0;
};

extern template class KeyTable<KeyEntry<false>>;
extern template class KeyTable<KeyEntry<true>>;

}  // namespace m3u_proxy::spill
