#include <random>
#include <string>

#include <gtest/gtest.h>

#include <m3u_proxy/snapshots/placeholders.hpp>

namespace m3u_proxy::snapshots {
namespace {

const Placeholders kPlaces = Placeholders::of_installation("0123456789abcdef0123456789abcdef");

std::vector<PlaceCount> counts_of(std::string_view text, std::size_t piece) {
  PlaceCounter counter(kPlaces);
  for (std::size_t at = 0; at < text.size(); at += piece) counter.add(text.substr(at, piece));
  return counter.finish();
}

/// Text of about `size` bytes with placeholders at random places, some of them back to back.
std::string random_text(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < size) {
    text.append(random() % 3000, static_cast<char>('a' + random() % 26));
    if (random() % 3 != 0) text += kPlaces.base;
    if (random() % 3 != 0) text += kPlaces.token;
    if (random() % 5 == 0) text += kPlaces.base.substr(0, random() % kPlaces.base.size());
  }
  return text;
}

TEST(PlaceCounter, CountsTheSameInPiecesOfAnySize) {
  const std::string text = random_text(100'000, 1);
  const std::vector<PlaceCount> whole = counts_of(text, text.size());
  EXPECT_FALSE(whole.empty());
  for (const std::size_t piece : {1, 7, 40, 59, 60, 61, 100, 4096, 16384, 65536})
    EXPECT_EQ(counts_of(text, piece), whole) << piece;
}

TEST(PlaceCounter, CountsWhatEndsTheFile) {
  for (const std::string& place : {kPlaces.base, kPlaces.token})
    for (const std::size_t after : {0, 1, 20, 200})
      EXPECT_EQ(counts_of("x" + place + std::string(after, 'y'), 1000).size(), 1U) << after;
}

TEST(PlaceCounter, AFileWithoutPlacesHasNoCounts) {
  EXPECT_TRUE(counts_of(std::string(100'000, 'x'), 4096).empty());
}

TEST(PlaceCounter, CountsByTheBlockInWhichAPlaceBegins) {
  std::string text(kPlaceBlock - 5, 'x');
  text += kPlaces.base;
  text += kPlaces.token;
  EXPECT_EQ(counts_of(text, 1000),
            (std::vector<PlaceCount>{{.bases = 1, .tokens = 0}, {.bases = 0, .tokens = 1}}));
}

TEST(PlaceCounter, CountsReadBack) {
  const std::vector<PlaceCount> counts = counts_of(random_text(200'000, 2), 4096);
  EXPECT_EQ(parse_counts(to_bytes(counts)), counts);
  EXPECT_FALSE(parse_counts("abc"));
}

}  // namespace
}  // namespace m3u_proxy::snapshots
