#include <algorithm>
#include <cstring>
#include <utility>

#include <m3u_proxy/spill/key_table.hpp>

namespace m3u_proxy::spill {
namespace {

constexpr std::size_t kOverflowSlots = 64;

}  // namespace

template <typename Entry>
typename KeyTable<Entry>::Place KeyTable<Entry>::find(MixedKey key) const {
  if (slots_ == 0) return {};
  const Entry* slot = slots() + home_of(key.first);
  while (slot->first < key.first) ++slot;  // a free slot is greater than any key
  while (slot->first == key.first && slot->second < key.second) ++slot;
  return {.slot = static_cast<std::size_t>(slot - slots()),
          .found = slot->key() == key ? slot : nullptr};
}

template <typename Entry>
bool KeyTable<Entry>::insert(std::size_t slot, const Entry& entry) {
  std::size_t free = slot;
  while (!is_free(free)) ++free;
  if (free + 1 == slots_) {  // the last one stays free
    overflow_ *= 2;          // keys crowd at the end, which hashes do not do
    return false;
  }
  Entry* const at = slots() + slot;
  for (Entry* p = slots() + free; p != at; --p) *p = *(p - 1);
  *at = entry;
  ++size_;
  return true;
}

template <typename Entry>
void KeyTable<Entry>::set_homes() {
  homes_ = slots_ > overflow_ ? slots_ - overflow_ : 0;
  most_ = homes_ / 4 * 3;
}

template <typename Entry>
void KeyTable<Entry>::fresh() {
  size_ = 0;
  slots_ = memory_.size() / sizeof(Entry);
  overflow_ = kOverflowSlots;
  set_homes();
  std::memset(memory_.data(), 0xFF, memory_.size());
}

template <typename Entry>
Result<> KeyTable<Entry>::grow(memory::Reservation more) {
  const std::size_t before = slots_;
  M3U_CHECK(memory_.grow(std::move(more)));
  if (before == 0) {
    fresh();
    return {};
  }
  slots_ = memory_.size() / sizeof(Entry);
  gather_at_end(before);
  spread_all();
  return {};
}

/// Moves the entries among the first `count` slots behind the others, in order.
template <typename Entry>
void KeyTable<Entry>::gather_at_end(std::size_t count) {
  Entry* const begin = slots();
  Entry* to = begin + slots_;
  for (const Entry* from = begin + count; from != begin;) {
    --from;
    // Without a branch, which would be guessed wrong every fourth time: what is free is
    // overwritten by the next one.
    const bool taken = from->key() != kFreeKey;
    *(to - 1) = *from;
    to -= static_cast<std::ptrdiff_t>(taken);
  }
  std::memset(static_cast<void*>(begin), 0xFF,
              static_cast<std::size_t>(to - begin) * sizeof(Entry));
}

/// Puts each of the entries at the end to the first free slot from its home on. False when they do
/// not fit: they are in order all the same.
template <typename Entry>
bool KeyTable<Entry>::spread_from_end() {
  Entry* const begin = slots();
  Entry* next = begin;  // nothing may be before it any more
  for (Entry* from = begin + (slots_ - size_); from != begin + slots_; ++from) {
    Entry* const to = std::max(begin + home_of(from->first), next);
    // What is still to come needs the slots behind, and one stays free.
    if (to >= from) return false;
    *to = *from;
    from->first = kFree;
    from->second = kFree;
    next = to + 1;
  }
  return true;
}

template <typename Entry>
std::span<const Entry> KeyTable<Entry>::gather() {
  Entry* to = slots();
  for (std::size_t slot = 0; slot < slots_; ++slot) {
    const bool taken = !is_free(slot);
    *to = slots()[slot];
    to += static_cast<std::ptrdiff_t>(taken);
  }
  return {slots(), static_cast<std::size_t>(size_)};
}

template <typename Entry>
void KeyTable<Entry>::spread() {
  std::memmove(static_cast<void*>(slots() + (slots_ - size_)), slots(), size_ * sizeof(Entry));
  std::memset(static_cast<void*>(slots()), 0xFF, (slots_ - size_) * sizeof(Entry));
  spread_all();
}

template <typename Entry>
void KeyTable<Entry>::spread_all() {
  set_homes();
  while (!spread_from_end()) {
    overflow_ *= 2;
    set_homes();
    gather_at_end(slots_);
  }
}

template <typename Entry>
memory::Reservation KeyTable<Entry>::drop(std::size_t keep) {
  memory::Reservation freed = memory_.shrink(keep);
  fresh();
  return freed;
}

template <typename Entry>
void KeyTable<Entry>::release() {
  memory_ = {};
  slots_ = homes_ = 0;
  size_ = most_ = 0;
}

template class KeyTable<KeyEntry<false>>;
template class KeyTable<KeyEntry<true>>;

}  // namespace m3u_proxy::spill
