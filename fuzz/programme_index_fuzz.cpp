// Fuzz target: the index of a guide, whose blocks are as they were written, whoever wrote them.
//
// Whatever is in them, looking up, searching and reading end without a fault and take no more
// memory than the Budget has; no more is found than was asked for.
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <vector>

#include <m3u_proxy/snapshots/programme_index.hpp>

#include "block_file_input.hpp"

namespace {

using namespace m3u_proxy;

constexpr std::string_view kGuide =
    R"(<?xml version="1.0"?>
<tv>
<channel id="news.example"><display-name>Nachrichten</display-name></channel>
<programme start="20260101000000 +0000" stop="20260101003000 +0000" channel="news.example"><title>Tagesschau</title><desc>The day.</desc><category>News</category></programme>
<programme start="20260101003000 +0000" stop="20260101020000 +0000" channel="news.example"><title>Wetter &amp; mehr</title></programme>
<programme start="20260101000000 +0000" channel="film.example"><title>Élan</title><new/></programme>
</tv>
)";
constexpr std::size_t kMost = 100;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::BlockFileInput input("programmes", "guide.xml", kGuide);
  memory::Budget budget(mib(16));
  const auto index = snapshots::ProgrammeIndex::open(
      input.take(data, size, snapshots::kProgrammeContent), "programmes", "guide.xml", budget);
  if (!index) return 0;
  (void)(*index)->keys();
  constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t begin : {kFirst, std::int64_t{1767225600}, kLast}) {
    std::vector<snapshots::ProgrammeEntry> places;
    if (!(*index)->between("news.example", begin, kLast, kMost, places)) continue;
    require(places.size() <= kMost);
    for (const auto& place : places) (void)(*index)->read(place);
  }
  for (const std::string_view text : {"tagesschau", "e", ""}) {
    std::size_t found = 0;
    const auto end = (*index)->search(text, 0, {}, [&](std::uint64_t, const auto& place) {
      (void)(*index)->read(place);
      return ++found < kMost;
    });
    if (end) require(found <= kMost);
  }
  return 0;
}
