#include <m3u_proxy/catalog/key_set.hpp>

namespace m3u_proxy::catalog {
namespace {

constexpr std::size_t kFirstSlots = 1024;

/// Whether a table of `slots` is too full for one more: above three quarters.
constexpr bool is_full(std::uint64_t size, std::size_t slots) { return (size + 1) * 4 > slots * 3; }

}  // namespace

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
