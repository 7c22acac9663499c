#include <utility>

#include <xxhash.h>

#include <m3u_proxy/catalog/key_set.hpp>

namespace m3u_proxy::catalog {
namespace {

constexpr std::size_t kFirstSlots = 1024;

/// Whether a table of `slots` is too full for one more: above three quarters.
constexpr bool is_full(std::uint64_t size, std::size_t slots) { return (size + 1) * 4 > slots * 3; }

}  // namespace

Key128 key_of(std::string_view text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return {.low = hash.low64, .high = hash.high64};
}

Key128 key_of(std::string_view first, std::string_view second) {
  // The first text's length and hash seed the second's, so that moving a byte across the border
  // changes the key.
  const XXH128_hash_t a = XXH3_128bits_withSeed(first.data(), first.size(), first.size());
  const XXH128_hash_t b = XXH3_128bits_withSeed(second.data(), second.size(), a.low64);
  return {.low = b.low64, .high = b.high64 ^ a.high64};
}

KeySet::KeySet(memory::Budget& budget)
    : resource_(budget, memory::Tag::kKeySet), slots_(&resource_) {}

std::size_t KeySet::slot_of(Key128 key) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = static_cast<std::size_t>(key.low) & mask;
  while (slots_[slot] != Key128{} && slots_[slot] != key) slot = (slot + 1) & mask;
  return slot;
}

bool KeySet::insert(Key128 key) {
  if (key == Key128{}) return !std::exchange(has_zero_, true);
  if (slots_.empty() || is_full(size_, slots_.size())) grow();
  const std::size_t slot = slot_of(key);
  if (slots_[slot] == key) return false;
  slots_[slot] = key;
  ++size_;
  return true;
}

bool KeySet::contains(Key128 key) const {
  if (key == Key128{}) return has_zero_;
  return !slots_.empty() && slots_[slot_of(key)] == key;
}

void KeySet::grow() {
  std::pmr::vector<Key128> old(slots_.empty() ? kFirstSlots : slots_.size() * 2, &resource_);
  old.swap(slots_);
  for (const Key128 key : old)
    if (key != Key128{}) slots_[slot_of(key)] = key;
}

void KeySet::clear() {
  std::pmr::vector<Key128>(&resource_).swap(slots_);
  size_ = 0;
  has_zero_ = false;
}

KeyCounter::KeyCounter(memory::Budget& budget)
    : resource_(budget, memory::Tag::kKeySet), slots_(&resource_) {}

std::size_t KeyCounter::slot_of(std::uint64_t key) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = static_cast<std::size_t>(key) & mask;
  while (slots_[slot].count_plus_one != 0 && slots_[slot].key != key) slot = (slot + 1) & mask;
  return slot;
}

void KeyCounter::add(std::uint64_t key) {
  if (slots_.empty() || is_full(size_, slots_.size())) grow();
  Slot& slot = slots_[slot_of(key)];
  if (slot.count_plus_one == 0) {
    slot = {.key = key, .count_plus_one = 1};
    ++size_;
  }
  ++slot.count_plus_one;
  ++left_;
}

bool KeyCounter::take(std::uint64_t key) {
  if (slots_.empty()) return false;
  Slot& slot = slots_[slot_of(key)];
  if (slot.count_plus_one < 2) return false;
  --slot.count_plus_one;
  --left_;
  return true;
}

void KeyCounter::grow() {
  std::pmr::vector<Slot> old(slots_.empty() ? kFirstSlots : slots_.size() * 2, &resource_);
  old.swap(slots_);
  for (const Slot& slot : old)
    if (slot.count_plus_one != 0) slots_[slot_of(slot.key)] = slot;
}

}  // namespace m3u_proxy::catalog
