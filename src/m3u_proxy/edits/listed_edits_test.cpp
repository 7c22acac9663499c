#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/edits/listed_edits.hpp>

namespace m3u_proxy::edits {
namespace {

Uuid id_of(std::uint8_t number) {
  Uuid id{};
  id.bytes[0] = number;
  return id;
}

std::vector<std::string> names_of(const ChannelEdits& edits, const std::vector<Uuid>& ids) {
  std::vector<std::string> names(ids.size());
  EXPECT_TRUE(edits.find(ids, [&](std::size_t index, const ChannelEdit& edit) -> Result<> {
    names[index] = edit.name.value_or("?");
    return {};
  }));
  return names;
}

TEST(ListedEdits, FindsThoseThatAreThere) {
  const ListedEdits edits({{.channel = id_of(9), .name = "nine"},
                           {.channel = id_of(2), .name = "two"},
                           {.channel = id_of(5), .hidden = true}});
  EXPECT_EQ(edits.size(), 3);
  EXPECT_THAT(names_of(edits, {id_of(5), id_of(1), id_of(2), id_of(9), id_of(10)}),
              testing::ElementsAre("?", "", "two", "nine", ""));
}

TEST(ListedEdits, LaterOnesHoldFieldByField) {
  const ListedEdits edits(
      {{.channel = id_of(1), .number = "5", .name = "first"},
       {.channel = id_of(1), .name = "second", .place = Place::kAfter, .anchor = id_of(2)},
       {.channel = id_of(1), .hidden = false}});
  ASSERT_EQ(edits.size(), 1);
  EXPECT_TRUE(edits.find(std::vector{id_of(1)}, [&](std::size_t, const ChannelEdit& edit) {
    EXPECT_EQ(edit, (ChannelEdit{.channel = id_of(1),
                                 .number = "5",
                                 .name = "second",
                                 .hidden = false,
                                 .place = Place::kAfter,
                                 .anchor = id_of(2)}));
    return Result<>();
  }));
  EXPECT_THAT(edits.placements(),
              testing::ElementsAre(Placement{.channel = id_of(1), .anchor = id_of(2)}));
}

TEST(ListedEdits, ErrorOfTheListenerEndsTheSearch) {
  const ListedEdits edits({{.channel = id_of(1)}});
  const auto found = edits.find(std::vector{id_of(1)}, [](std::size_t, const ChannelEdit&) {
    return Result<>(fail(ErrorCode::kIo, "no"));
  });
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message, "no");
}

}  // namespace
}  // namespace m3u_proxy::edits
