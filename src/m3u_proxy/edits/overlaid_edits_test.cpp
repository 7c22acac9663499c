#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/edits/overlaid_edits.hpp>

namespace m3u_proxy::edits {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

Uuid id_of(std::uint8_t number) {
  Uuid id{};
  id.bytes[0] = number;
  return id;
}

std::map<std::size_t, std::string> names_of(const ChannelEdits& edits,
                                            const std::vector<Uuid>& ids) {
  std::map<std::size_t, std::string> names;
  EXPECT_TRUE(edits.find(ids, [&](std::size_t index, const ChannelEdit& edit) -> Result<> {
    names[index] = edit.name.value_or("?");
    return {};
  }));
  return names;
}

TEST(OverlaidEdits, OnesInThePlaceOfOthersHoldWhole) {
  const auto below = std::make_shared<ListedEdits>(std::vector<ChannelEdit>{
      {.channel = id_of(1), .name = "one"},
      {.channel = id_of(2), .number = "2", .name = "two"},
      {.channel = id_of(3), .name = "three", .place = Place::kAfter, .anchor = id_of(1)},
      {.channel = id_of(4), .place = Place::kBefore, .anchor = id_of(2)}});
  const OverlaidEdits edits(
      below, {{.channel = id_of(3)},
              {.channel = id_of(2), .hidden = true},
              {.channel = id_of(5), .name = "five", .place = Place::kAfter, .anchor = id_of(4)}});
  EXPECT_THAT(names_of(edits, {id_of(5), id_of(4), id_of(3), id_of(2), id_of(1)}),
              ElementsAre(Pair(0, "five"), Pair(1, "?"), Pair(3, "?"), Pair(4, "one")));
  EXPECT_THAT(
      edits.placements(),
      ElementsAre(Placement{.channel = id_of(5), .anchor = id_of(4), .place = Place::kAfter},
                  Placement{.channel = id_of(4), .anchor = id_of(2), .place = Place::kBefore}));
}

TEST(OverlaidEdits, NothingNeedsToBeBelow) {
  const OverlaidEdits edits(nullptr, {{.channel = id_of(1), .name = "one"}});
  EXPECT_THAT(names_of(edits, {id_of(2), id_of(1)}), ElementsAre(Pair(1, "one")));
  EXPECT_EQ(edits.size(), 1);
}

}  // namespace
}  // namespace m3u_proxy::edits
