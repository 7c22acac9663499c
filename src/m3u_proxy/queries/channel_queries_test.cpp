#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/queries/queries_testing.hpp>

namespace m3u_proxy::queries {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ChannelQueriesTest : public testing::Test {
 protected:
  Result<ChannelPage> page(const LineupKey& of, const ChannelQuery& query,
                           ChannelQueries::Place place = {}, const Stop& stop = {}) {
    auto matcher = ChannelMatcher::compile(query, guide_);
    EXPECT_TRUE(matcher);
    return queries_.page(of, query, *matcher, place, stop, {});
  }
  std::vector<std::string> names(const LineupKey& of, const ChannelQuery& query,
                                 ChannelQueries::Place place = {}) {
    const auto found = page(of, query, place);
    EXPECT_TRUE(found) << found.error().message;
    std::vector<std::string> names;
    if (!found) return names;
    for (const ChannelItem& item : found->items) names.push_back(item.name);
    return names;
  }
  LineupKey five() {
    return lineups_.make({{.name = "News 24", .group = "News", .number = "10", .guide_id = "n24"},
                          {.name = "sport 10", .group = "Sport", .number = "2"},
                          {.name = "Sport 2", .group = "Sport", .number = "1.5", .source = 1},
                          {.name = "Télé News", .group = "News", .guide_id = "tele", .source = 1},
                          {.name = "Arte", .group = "", .number = "3", .guide_id = "arte"}});
  }

  TestLineups lineups_;
  std::shared_ptr<const snapshots::GuideKeys> guide_;
  ChannelQueries queries_{lineups_.budget, {}};
};

TEST_F(ChannelQueriesTest, ShowsAllInOutputOrderFromAnyPlace) {
  const LineupKey of = five();
  EXPECT_THAT(names(of, {}), ElementsAre("News 24", "sport 10", "Sport 2", "Télé News", "Arte"));
  EXPECT_THAT(names(of, {}, {.from = 3, .limit = 1}), ElementsAre("Télé News"));
  EXPECT_THAT(names(of, {.descending = true}, {.from = 0, .limit = 2}),
              ElementsAre("Arte", "Télé News"));
  EXPECT_THAT(names(of, {}, {.from = 5}), IsEmpty());
  const auto first = page(of, {}, {.from = 0, .limit = 4});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->total, 5U);
  EXPECT_TRUE(first->total_is_exact);
  EXPECT_TRUE(first->more);
  const auto last = page(of, {}, {.from = 4, .limit = 4});
  ASSERT_TRUE(last);
  EXPECT_FALSE(last->more);
}

TEST_F(ChannelQueriesTest, ShowsAllThatAChannelHas) {
  const auto found = page(five(), {.search = "sport 2"});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->items.size(), 1U);
  const ChannelItem& item = found->items.front();
  EXPECT_EQ(item.row, 2U);
  EXPECT_EQ(item.id, test_id(2));
  EXPECT_EQ(item.number, "1.5");
  EXPECT_EQ(item.group, "Sport");
  EXPECT_EQ(item.source, "sat");
  EXPECT_EQ(item.url, "http://x/2");
}

TEST_F(ChannelQueriesTest, FindsPartsOfNamesWhateverTheirCase) {
  const LineupKey of = five();
  EXPECT_THAT(names(of, {.search = "NEWS"}), ElementsAre("News 24", "Télé News"));
  EXPECT_THAT(names(of, {.search = "TÉLÉ"}), ElementsAre("Télé News"));
  EXPECT_THAT(names(of, {.search = "24\nsport"}), IsEmpty());
  EXPECT_THAT(names(of, {.search = "nowhere"}), IsEmpty());
}

TEST_F(ChannelQueriesTest, FiltersByAnyExpression) {
  const LineupKey of = five();
  EXPECT_THAT(names(of, {.filter = R"(group_title equals "sport" AND tvg_chno < 2)"}),
              ElementsAre("Sport 2"));
  EXPECT_THAT(names(of, {.filter = R"(source_name equals "sat")"}),
              ElementsAre("Sport 2", "Télé News"));
  EXPECT_THAT(names(of, {.search = "news", .filter = R"(source_url contains "sat")"}),
              ElementsAre("Télé News"));
  EXPECT_EQ(names(of, {.filter = R"(attr:catchup equals "shift")"}).size(), 5U);
  const auto wrong = ChannelMatcher::compile({.filter = R"(nmae contains "x")"}, nullptr);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().front().code, rules::Code::kUnknownField);
}

TEST_F(ChannelQueriesTest, TellsChannelsWithProgrammesFromThoseWithout) {
  const LineupKey of = five();
  snapshots::GuideKeys guide;
  guide.keys = {snapshots::guide_key("n24"), snapshots::guide_key("arte")};
  std::ranges::sort(guide.keys);
  guide_ = std::make_shared<const snapshots::GuideKeys>(std::move(guide));
  EXPECT_THAT(names(of, {.guide = GuideChoice::kWith}), ElementsAre("News 24", "Arte"));
  EXPECT_THAT(names(of, {.guide = GuideChoice::kWithout}),
              ElementsAre("sport 10", "Sport 2", "Télé News"));
}

TEST_F(ChannelQueriesTest, TellsEditedChannelsFromOthers) {
  const LineupKey of = five();
  std::vector<Uuid> ids = {test_id(4), test_id(1)};
  std::ranges::sort(ids);
  const auto edits = std::make_shared<const std::vector<Uuid>>(std::move(ids));
  EXPECT_THAT(names(of, {.edits = edits}), ElementsAre("sport 10", "Arte"));
  EXPECT_THAT(names(of, {.edits = edits, .edited = false}),
              ElementsAre("News 24", "Sport 2", "Télé News"));
  EXPECT_THAT(names(of, {.group = "News", .edits = edits, .edited = false}),
              ElementsAre("News 24", "Télé News"));
  EXPECT_THAT(names(of, {.group = ""}), ElementsAre("Arte"));
}

TEST_F(ChannelQueriesTest, SortsByEveryColumnBothWays) {
  const LineupKey of = five();
  EXPECT_THAT(names(of, {.sort = ChannelSort::kName}),
              ElementsAre("Arte", "News 24", "Sport 2", "sport 10", "Télé News"));
  EXPECT_THAT(names(of, {.sort = ChannelSort::kNumber}),
              ElementsAre("Sport 2", "sport 10", "Arte", "News 24", "Télé News"));
  EXPECT_THAT(names(of, {.sort = ChannelSort::kGroup}),
              ElementsAre("Arte", "News 24", "Télé News", "sport 10", "Sport 2"));
  EXPECT_THAT(names(of, {.sort = ChannelSort::kSource, .descending = true}),
              ElementsAre("Télé News", "Sport 2", "Arte", "sport 10", "News 24"));
  EXPECT_THAT(names(of, {.search = "news", .sort = ChannelSort::kName, .descending = true}),
              ElementsAre("Télé News", "News 24"));
}

TEST_F(ChannelQueriesTest, APageHasWhatWasFoundInItsTimeAndTheSearchGoesOn) {
  const LineupKey of = five();
  const ChannelQuery query{.search = "news"};
  const auto first = page(of, query, {}, [] { return true; });
  ASSERT_TRUE(first);
  EXPECT_EQ(first->items.size(), 1U);
  EXPECT_FALSE(first->total_is_exact);
  EXPECT_TRUE(first->more);
  ASSERT_NE(first->unfinished, nullptr);
  ASSERT_TRUE(first->unfinished->advance(UINT64_MAX, {}));
  const auto second = page(of, query, {.from = 1}, [] { return true; });
  ASSERT_TRUE(second);
  EXPECT_EQ(second->total, 2U);
  EXPECT_TRUE(second->total_is_exact);
  EXPECT_FALSE(second->more);
  ASSERT_EQ(second->items.size(), 1U);
  EXPECT_EQ(second->items.front().name, "Télé News");
}

TEST_F(ChannelQueriesTest, CountsGroupsInTheOrderOfTheirFirstChannels) {
  const auto found = queries_.groups(five(), "", 10, {});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 3U);
  EXPECT_EQ(found->at(0).name, "News");
  EXPECT_EQ(found->at(0).channels, 2U);
  EXPECT_EQ(found->at(2).name, "");
  EXPECT_EQ(found->at(2).channels, 1U);
  const auto some = queries_.groups(five(), "SPO", 10, {});
  ASSERT_TRUE(some);
  ASSERT_EQ(some->size(), 1U);
  EXPECT_EQ(some->front().name, "Sport");
}

TEST_F(ChannelQueriesTest, OffersTheValuesThatOccur) {
  const auto field = catalog::find_field(catalog::Domain::kChannels, "group_title");
  const auto found = queries_.values(five(), *field, "s", 10, {});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->values.size(), 1U);
  EXPECT_EQ(found->values.front().name, "Sport");
  EXPECT_EQ(found->values.front().channels, 2U);
}

TEST_F(ChannelQueriesTest, FindsByIdAndSaysWhenThereIsNone) {
  const LineupKey of = five();
  const auto found = queries_.find(*of.lineup, test_id(3));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->name, "Télé News");
  const auto none = queries_.find(*of.lineup, test_id(100));
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
}

TEST_F(ChannelQueriesTest, GivesUpWhatItKeepsWhenMemoryIsAskedFor) {
  const LineupKey of = five();
  ASSERT_FALSE(names(of, {.search = "news"}).empty());
  ASSERT_FALSE(names(of, {.sort = ChannelSort::kName}).empty());
  EXPECT_GT(queries_.memory_usage().held, Bytes{0});
  EXPECT_EQ(queries_.smart_cleanup(), 0U);  // all was used
  EXPECT_EQ(queries_.smart_cleanup(), 2U);
  ASSERT_FALSE(names(of, {.search = "news"}).empty());
  lineups_.slabs.trim();
  lineups_.budget.set_limit(lineups_.budget.used());
  EXPECT_TRUE(lineups_.budget.reserve(memory::Tag::kHttp, Bytes{1}));
  EXPECT_EQ(queries_.memory_usage().held, Bytes{0});
}

TEST_F(ChannelQueriesTest, SaysWhenMemoryDoesNotAllowIt) {
  const LineupKey of = five();
  lineups_.budget.refuse_when([](memory::Tag, Bytes) { return true; });
  const auto refused = page(of, {.sort = ChannelSort::kName});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kOverBudget);
}

TEST_F(ChannelQueriesTest, EndsWhenNobodyWaits) {
  const LineupKey of = five();
  const ChannelQuery query{.sort = ChannelSort::kName};
  const auto ended = queries_.page(of, query, *ChannelMatcher::compile(query, nullptr), {}, {},
                                   [] { return true; });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace m3u_proxy::queries
