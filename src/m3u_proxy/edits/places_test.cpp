#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/edits/places.hpp>

namespace m3u_proxy::edits {
namespace {

Uuid id_of(char letter) {
  Uuid id{};
  id.bytes[0] = static_cast<std::uint8_t>(letter);
  return id;
}

Placement before(char channel, char anchor) {
  return {.channel = id_of(channel), .anchor = id_of(anchor), .place = Place::kBefore};
}
Placement after(char channel, char anchor) {
  return {.channel = id_of(channel), .anchor = id_of(anchor), .place = Place::kAfter};
}

/// The order that channels, one letter each, come into.
std::string placed(const std::string& channels, const std::vector<Placement>& placements) {
  memory::Budget budget(memory::Budget::kUnlimited);
  Places places(budget, placements);
  using Key = std::tuple<std::string, std::int32_t>;
  std::map<Key, char> order;
  std::map<char, std::string> own;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    own[channels[i]] = std::string(1, static_cast<char>('0' + i));
    if (const auto node = places.find(id_of(channels[i]))) places.note(*node, own[channels[i]]);
  }
  places.resolve();
  for (const char channel : channels) {
    const auto node = places.find(id_of(channel));
    const Key key =
        node ? Key(std::string(places.key(*node)), places.rank(*node)) : Key(own[channel], 0);
    EXPECT_TRUE(order.emplace(key, channel).second);
  }
  std::string out;
  for (const auto& [key, channel] : order) out += channel;
  return out;
}

TEST(Places, NothingPlacedStaysAsItIs) { EXPECT_EQ(placed("abc", {}), "abc"); }

TEST(Places, ChannelGoesBeforeOrAfterItsAnchor) {
  EXPECT_EQ(placed("abcd", {before('d', 'b')}), "adbc");
  EXPECT_EQ(placed("abcd", {after('a', 'c')}), "bcad");
}

TEST(Places, SeveralAtOneAnchorKeepTheirOwnOrder) {
  EXPECT_EQ(placed("abcde", {before('e', 'b'), before('d', 'b')}), "adebc");
  EXPECT_EQ(placed("abcde", {after('c', 'e'), after('a', 'e')}), "bdeac");
}

TEST(Places, PlacedChannelsAreAnchorsToo) {
  EXPECT_EQ(placed("abcd", {after('a', 'd'), before('b', 'a')}), "cdba");
  EXPECT_EQ(placed("abcdef", {after('f', 'a'), after('e', 'f'), before('d', 'e')}), "afdebc");
}

TEST(Places, AnchorThatIsNotThereLeavesTheChannelInItsPlace) {
  EXPECT_EQ(placed("abc", {after('a', 'z')}), "abc");
  EXPECT_EQ(placed("abcd", {after('b', 'z'), after('d', 'b')}), "abdc");
}

TEST(Places, CirclesStandInTheirOwnPlaces) {
  EXPECT_EQ(placed("abc", {after('a', 'a')}), "abc");
  EXPECT_EQ(placed("abcd", {after('a', 'c'), after('c', 'a')}), "abcd");
  EXPECT_EQ(placed("abcde", {after('a', 'c'), after('c', 'a'), after('e', 'c')}), "abced");
}

TEST(Places, ChannelThatIsPlacedButNotThereIsNoAnchor) {
  EXPECT_EQ(placed("abc", {after('x', 'a'), after('a', 'x')}), "abc");
}

TEST(Places, ChainOfThousandsIsFollowedWithoutRecursion) {
  memory::Budget budget(memory::Budget::kUnlimited);
  std::vector<Placement> placements;
  const auto id = [](std::uint32_t number) {
    Uuid out{};
    std::copy_n(reinterpret_cast<const std::uint8_t*>(&number), sizeof(number), out.bytes.begin());
    return out;
  };
  constexpr std::uint32_t kCount = kMostPlacements;
  for (std::uint32_t i = 1; i < kCount; ++i)
    placements.push_back({.channel = id(i), .anchor = id(i - 1), .place = Place::kBefore});
  Places places(budget, placements);
  for (std::uint32_t i = 0; i < kCount; ++i)
    places.note(places.find(id(i)).value(), std::to_string(kCount + i));
  places.resolve();
  EXPECT_EQ(places.rank(places.find(id(kCount - 1)).value()), 1 - static_cast<int>(kCount));
  EXPECT_EQ(places.key(places.find(id(kCount - 1)).value()), std::to_string(kCount));
}

TEST(Places, TakesItsMemoryFromTheBudget) {
  memory::Budget budget(Bytes{2048});
  const std::vector<Placement> placements(1, after('a', 'b'));
  EXPECT_NO_THROW(Places(budget, placements));
  std::vector<Placement> many;
  for (std::uint8_t i = 0; i < 200; ++i) many.push_back(after(static_cast<char>(i), 'b'));
  EXPECT_THROW(Places(budget, many), memory::OverBudget);
}

}  // namespace
}  // namespace m3u_proxy::edits
