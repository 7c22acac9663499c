#include <array>
#include <bit>
#include <cstdlib>
#include <string_view>

#include <m3u_proxy/pipeline/guide_duplicates.hpp>

namespace m3u_proxy::pipeline {
namespace {

constexpr std::int64_t kSlot = GuideDuplicates::kStartTolerance + 1;

std::int64_t slot_of(std::int64_t start) {
  return (start >= 0 ? start : start - (kSlot - 1)) / kSlot;
}

bool same_stop(std::int64_t a, std::int64_t b) {
  constexpr std::int64_t kNone = GuideWork::Programme::kNoStop;
  if (a == kNone || b == kNone) return a == b;
  return std::abs(a - b) <= GuideDuplicates::kStopTolerance;
}

}  // namespace

catalog::Key128 GuideDuplicates::key_of(const GuideWork::Programme& programme, std::int64_t slot) {
  const std::array<std::uint64_t, 3> parts = {programme.output, programme.title,
                                              static_cast<std::uint64_t>(slot)};
  const auto bytes = std::bit_cast<std::array<char, sizeof(parts)>>(parts);
  return catalog::key_of({bytes.data(), bytes.size()});
}

bool GuideDuplicates::is_duplicate(const GuideWork::Programme& programme) {
  const std::int64_t slot = slot_of(programme.start);
  for (std::int64_t near = slot - 1; near <= slot + 1; ++near) {
    std::uint32_t i = heads_.find(key_of(programme, near));
    for (; i != KeyTable::kNone; i = kept_[i].next)
      if (std::abs(kept_[i].start - programme.start) <= kStartTolerance &&
          same_stop(kept_[i].stop, programme.stop))
        return true;
  }
  std::uint32_t& head = heads_.at(key_of(programme, slot));
  kept_.push_back({.start = programme.start, .stop = programme.stop, .next = head});
  head = static_cast<std::uint32_t>(kept_.size() - 1);
  return false;
}

}  // namespace m3u_proxy::pipeline
