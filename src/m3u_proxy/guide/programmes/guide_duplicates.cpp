#include <array>
#include <bit>
#include <cstdlib>
#include <string_view>

#include <m3u_proxy/guide/programmes/guide_duplicates.hpp>

namespace m3u_proxy::guide {
namespace {

constexpr std::int64_t kSlot = GuideDuplicates::kStartTolerance + 1;
constexpr std::uint32_t kNoLength = GuideDuplicates::kLongest + 1;
constexpr unsigned kLengthBits = 22;

std::int64_t slot_of(std::int64_t start) {
  return (start >= 0 ? start : start - (kSlot - 1)) / kSlot;
}

/// Start and length of a programme, as 32 bits.
std::uint32_t times_of(const WrittenProgramme& programme) {
  const auto offset =
      static_cast<std::uint32_t>(programme.start - slot_of(programme.start) * kSlot);
  std::uint32_t length = kNoLength;
  if (programme.stop != WrittenProgramme::kNoStop) {
    const std::int64_t seconds = programme.stop - programme.start;
    const bool fits = seconds >= 0 && seconds <= GuideDuplicates::kLongest;
    length = static_cast<std::uint32_t>(fits ? seconds : GuideDuplicates::kLongest);
  }
  return offset << kLengthBits | length;
}

/// Whether the times `kept` of a slot and those of `programme` are near enough.
bool are_near(std::uint32_t kept, std::int64_t slot, const WrittenProgramme& programme) {
  const std::uint32_t times = times_of(programme);
  const auto length = [](std::uint32_t of) { return of & ((1U << kLengthBits) - 1); };
  const std::int64_t start = slot * kSlot + (kept >> kLengthBits);
  if (std::abs(start - programme.start) > GuideDuplicates::kStartTolerance) return false;
  if (length(kept) == kNoLength || length(times) == kNoLength) return length(kept) == length(times);
  const std::int64_t stops = (start + length(kept)) - (programme.start + length(times));
  return std::abs(stops) <= GuideDuplicates::kStopTolerance;
}

}  // namespace

spill::Key128 GuideDuplicates::key_of(const WrittenProgramme& programme, std::int64_t slot,
                                      std::uint64_t place) {
  const std::array<std::uint64_t, 4> parts = {programme.output, programme.title,
                                              static_cast<std::uint64_t>(slot), place};
  const auto bytes = std::bit_cast<std::array<char, sizeof(parts)>>(parts);
  return spill::key_of({bytes.data(), bytes.size()});
}

Result<bool> GuideDuplicates::is_duplicate(const WrittenProgramme& programme) {
  const std::int64_t slot = slot_of(programme.start);
  std::uint64_t free_place = 0;
  for (std::int64_t near = slot - 1; near <= slot + 1; ++near) {
    for (std::uint64_t place = 0;; ++place) {
      M3U_TRY(const auto kept, kept_.find(key_of(programme, near, place)));
      if (kept && are_near(*kept, near, programme)) return true;
      if (kept) continue;
      if (near == slot) free_place = place;
      break;
    }
  }
  M3U_CHECK(kept_.insert(key_of(programme, slot, free_place), times_of(programme)));
  return false;
}

}  // namespace m3u_proxy::guide
