#include <algorithm>
#include <atomic>
#include <utility>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/pipeline/guide_index.hpp>

namespace m3u_proxy::pipeline {

using catalog::Key128;
using catalog::key_of;

namespace {
constexpr std::size_t kFirstSlots = 256;
}

std::size_t KeyTable::slot_of(Key128 key) const {
  // Scales the hash to the table, which needs no power of two then.
  auto slot = static_cast<std::size_t>(((key.low >> 32U) * keys_.size()) >> 32U);
  while (values_[slot] != kNone && keys_[slot] != key)
    if (++slot == keys_.size()) slot = 0;
  return slot;
}

std::uint32_t KeyTable::find(Key128 key) const {
  return keys_.empty() ? kNone : values_[slot_of(key)];
}

std::uint32_t& KeyTable::at(Key128 key) {
  // Above four fifths the chains become long.
  if ((size_ + 1) * 5 > keys_.size() * 4) grow();
  const std::size_t slot = slot_of(key);
  if (values_[slot] == kNone) {
    keys_[slot] = key;
    ++size_;  // the caller gives it a value
  }
  return values_[slot];
}

void KeyTable::grow() {
  const std::size_t slots = std::max(kFirstSlots, keys_.size() + keys_.size() / 2);
  KeyTable larger(keys_.get_allocator().resource());
  larger.keys_.resize(slots);
  larger.values_.resize(slots, kNone);
  larger.size_ = size_;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (values_[i] == kNone) continue;
    const std::size_t slot = larger.slot_of(keys_[i]);
    larger.keys_[slot] = keys_[i];
    larger.values_[slot] = values_[i];
  }
  std::swap(keys_, larger.keys_);
  std::swap(values_, larger.values_);
}

void KeyTable::clear() {
  std::ranges::fill(values_, kNone);
  size_ = 0;
}

GuideIndex::GuideIndex(memory::Budget& budget, GuideMatch match, TvgShift tvg_shift)
    : match_(match),
      tvg_shift_(tvg_shift),
      memory_(budget, memory::Tag::kGuide),
      ids_(&memory_),
      outputs_(&memory_),
      shifts_(&memory_),
      links_of_(&memory_),
      links_(&memory_),
      offers_(&memory_),
      decided_(&memory_) {}

GuideIndex::Added GuideIndex::add(const GuideChannel& channel) {
  const std::string_view id = trim(channel.tvg_id);
  const bool apply = tvg_shift_ == TvgShift::kApply;
  const std::int32_t wanted = apply ? formats::parse_tvg_shift(channel.tvg_shift).value_or(0) : 0;
  std::uint32_t& head = ids_.at(key_of(id));
  std::uint32_t output = head;
  std::uint32_t last = kNone;
  while (output != kNone && shift(output) != wanted) {
    last = output;
    output = outputs_[output].next;
  }
  const bool first = output == kNone;
  if (first) {
    output = static_cast<std::uint32_t>(outputs_.size());
    outputs_.emplace_back();
    if (apply) shifts_.push_back(wanted);
    (last == kNone ? head : outputs_[last].next) = output;
  }
  if (match_ == GuideMatch::kId) return {.output = output, .first = first};
  if (first) {
    fold(id, folded_);
    link(key_of(kFoldSpace, folded_), output, Rank::kFoldedId);
  }
  if (match_ == GuideMatch::kName) {
    fold_name(trim(channel.tvg_name), folded_);
    if (!folded_.empty()) link(key_of(kNameSpace, folded_), output, Rank::kTvgName);
    fold_name(trim(channel.channel_name), folded_);
    if (!folded_.empty()) link(key_of(kNameSpace, folded_), output, Rank::kChannelName);
  }
  return {.output = output, .first = first};
}

void GuideIndex::link(Key128 key, std::uint32_t output, Rank rank) {
  std::uint32_t& head = links_of_.at(key);
  const std::uint32_t next = head;
  head = static_cast<std::uint32_t>(links_.size());
  links_.push_back({.output = output, .next = next, .rank = rank});
}

void GuideIndex::begin_source() {
  for (Output& output : outputs_) output.declared_by_current = false;
  if (needs_offers()) offers_.assign(outputs_.size(), Offer{});
  decided_.clear();
}

void GuideIndex::take(std::uint32_t output, Key128 guide, Rank rank) {
  Offer& best = offers_[output];
  if (rank >= best.rank) return;
  best.guide = guide;
  best.rank = rank;
}

void GuideIndex::offer(Key128 key, Key128 guide) {
  for (std::uint32_t i = links_of_.find(key); i != kNone; i = links_[i].next)
    take(links_[i].output, guide, links_[i].rank);
}

void GuideIndex::offer_id(std::string_view id) {
  const Key128 guide = key_of(id);
  for (std::uint32_t output = ids_.find(guide); output != kNone; output = outputs_[output].next)
    take(output, guide, Rank::kSameId);
  fold(id, folded_);
  offer(key_of(kFoldSpace, folded_), guide);
}

void GuideIndex::offer_name(std::string_view id, std::string_view display_name) {
  if (match_ != GuideMatch::kName) return;
  fold_name(trim(display_name), folded_);
  if (!folded_.empty()) offer(key_of(kNameSpace, folded_), key_of(id));
}

void GuideIndex::decide() {
  // From the last to the first, so that each chain is in output order.
  for (std::size_t i = offers_.size(); i-- > 0;) {
    if (offers_[i].rank == Rank::kNone) continue;
    std::uint32_t& head = decided_.at(offers_[i].guide);
    offers_[i].next = head;
    head = static_cast<std::uint32_t>(i);
  }
}

std::uint32_t GuideIndex::first(std::string_view id) const {
  return (needs_offers() ? decided_ : ids_).find(key_of(id));
}

std::uint32_t GuideIndex::next(std::uint32_t output) const {
  return needs_offers() ? offers_[output].next : outputs_[output].next;
}

std::uint32_t GuideIndex::find_output(std::string_view id) const {
  std::uint32_t output = ids_.find(key_of(id));
  while (output != kNone && shift(output) != 0) output = outputs_[output].next;
  return output;
}

bool GuideIndex::may_provide(std::uint32_t output, std::uint16_t source) const {
  const std::uint16_t by = provider(output);
  return by == kNoSource || by == source;
}

void GuideIndex::provides(std::uint32_t output, std::uint16_t source) {
  // Read first: the line stays shared among the threads once it is set.
  if (provider(output) == source) return;
  const std::uint16_t before =
      std::atomic_ref(outputs_[output].provider).exchange(source, std::memory_order_relaxed);
  if (before == kNoSource && !std::atomic_ref(outputs_[output].declared_by_any).load())
    undeclared_.fetch_add(1);
}

std::uint16_t GuideIndex::provider(std::uint32_t output) const {
  // atomic_ref wants a mutable object even for reading.
  auto& by = const_cast<std::uint16_t&>(outputs_[output].provider);
  return std::atomic_ref(by).load(std::memory_order_relaxed);
}

bool GuideIndex::declare(std::uint32_t output) {
  if (!std::atomic_ref(outputs_[output].declared_by_any).exchange(true)) ++declared_;
  return !std::exchange(outputs_[output].declared_by_current, true);
}

bool GuideIndex::declared_by_current(std::uint32_t output) const {
  return outputs_[output].declared_by_current;
}

std::int32_t GuideIndex::shift(std::uint32_t output) const {
  return shifts_.empty() ? 0 : shifts_[output];
}

bool GuideIndex::differs_from_guide(std::uint32_t output) const {
  return needs_offers() && offers_[output].rank != Rank::kSameId;
}

}  // namespace m3u_proxy::pipeline
