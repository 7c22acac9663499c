#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/channels/channel_record.hpp>
#include <m3u_proxy/channels/channel_row.hpp>
#include <m3u_proxy/channels/channel_sort.hpp>
#include <m3u_proxy/rules/pattern.hpp>

namespace m3u_proxy::channels {
namespace {

using catalog::ChannelField;
using ::testing::ElementsAre;

class ChannelSortTest : public testing::Test {
 protected:
  void add(std::string_view name, std::string_view group, std::string_view number = "") {
    const std::size_t row = batch_.add_row(0);
    batch_.set_text(ChannelField::kChannelName, row, name);
    batch_.set_text(ChannelField::kGroupTitle, row, group);
    batch_.set_text(ChannelField::kTvgChno, row, number);
  }
  static ChannelSortField by(std::string_view field, ChannelOrder order,
                             const std::vector<std::string>& sequence = {}) {
    ChannelSortField out{.field = *catalog::find_field(catalog::Domain::kChannels, field),
                         .order = order};
    for (const std::string& pattern : sequence)
      out.sequence.push_back(*rules::Pattern::compile(pattern, rules::CaseRule::kIgnore));
    return out;
  }
  /// The names in the order of their keys; equal keys keep their order.
  std::vector<std::string> sorted(const std::vector<ChannelSortField>& fields) {
    ChannelRecord record(batch_, sources_);
    ChannelSortKey key;
    std::vector<std::string> keys;
    for (std::size_t row = 0; row < batch_.rows(); ++row) {
      record.select(row);
      keys.emplace_back(key.of(record, fields));
    }
    std::vector<std::size_t> order(keys.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return keys[i]; });
    std::vector<std::string> names;
    names.reserve(order.size());
    for (const std::size_t row : order)
      names.emplace_back(batch_.text(ChannelField::kChannelName, row));
    return names;
  }

  memory::Budget budget_;
  memory::SlabPool slabs_{budget_};
  catalog::ChannelBatch batch_{slabs_};
  std::vector<SourceInfo> sources_{{.name = "tv", .type = "m3u", .url = ""}};
};

TEST_F(ChannelSortTest, TextsCompareWithoutCase) {
  for (const char* name : {"delta", "Alpha", "charlie", "Bravo"}) add(name, "g");
  EXPECT_THAT(sorted({by("channel_name", ChannelOrder::kAscending)}),
              ElementsAre("Alpha", "Bravo", "charlie", "delta"));
  EXPECT_THAT(sorted({by("channel_name", ChannelOrder::kDescending)}),
              ElementsAre("delta", "charlie", "Bravo", "Alpha"));
}

TEST_F(ChannelSortTest, ATextComesBeforeThoseThatItBegins) {
  for (const char* name : {"News 24", "News", "News 2"}) add(name, "g");
  EXPECT_THAT(sorted({by("channel_name", ChannelOrder::kAscending)}),
              ElementsAre("News", "News 2", "News 24"));
}

TEST_F(ChannelSortTest, NumbersCompareByValueAndMissingOnesComeLast) {
  add("ten", "g", "10");
  add("none", "g");
  add("nine", "g", "9");
  add("nine and a half", "g", "9.5");
  EXPECT_THAT(sorted({by("tvg_chno", ChannelOrder::kAscending)}),
              ElementsAre("nine", "nine and a half", "ten", "none"));
  EXPECT_THAT(sorted({by("tvg_chno", ChannelOrder::kDescending)}),
              ElementsAre("ten", "nine and a half", "nine", "none"));
}

TEST_F(ChannelSortTest, SubchannelsCompareByTheirOwnNumber) {
  for (const char* number : {"5.10", "5.2", "5.1", "6", "5.11", "5.9", "05", "5.100", "5.01"})
    add(number, "g", number);
  EXPECT_THAT(sorted({by("tvg_chno", ChannelOrder::kAscending)}),
              ElementsAre("05", "5.1", "5.01", "5.2", "5.9", "5.10", "5.11", "5.100", "6"));
  EXPECT_THAT(sorted({by("tvg_chno", ChannelOrder::kDescending)}),
              ElementsAre("6", "5.100", "5.11", "5.10", "5.9", "5.2", "5.1", "5.01", "05"));
}

TEST_F(ChannelSortTest, NaturalGoesByDigitsAndBaseLettersThenByTheText) {
  for (const char* name : {"Sport 10", "Sport 2", "Zoo", "Élan 2", "elan 2", "Élan 1", "sport 02"})
    add(name, "g");
  ChannelSortField field = by("channel_name", ChannelOrder::kAscending);
  field.compare = ChannelCompare::kNatural;
  EXPECT_THAT(sorted({field}),
              ElementsAre("Élan 1", "elan 2", "Élan 2", "sport 02", "Sport 2", "Sport 10", "Zoo"));
  field.order = ChannelOrder::kDescending;
  EXPECT_THAT(sorted({field}),
              ElementsAre("Zoo", "Sport 10", "Sport 2", "sport 02", "Élan 2", "elan 2", "Élan 1"));
}

TEST_F(ChannelSortTest, NumbersCompareAsTextWhereThatIsAskedFor) {
  for (const char* number : {"9", "10", "x"}) add(number, "g", number);
  ChannelSortField field = by("tvg_chno", ChannelOrder::kAscending);
  field.compare = ChannelCompare::kText;
  EXPECT_THAT(sorted({field}), ElementsAre("10", "9", "x"));
}

TEST_F(ChannelSortTest, MissingNumbersComeLastHoweverTheyCompare) {
  for (const char* number : {"", "10", " ", "9", "5.10", "5.2"}) add(number, "g", number);
  ChannelSortField field = by("tvg_chno", ChannelOrder::kAscending);
  field.compare = ChannelCompare::kNatural;
  EXPECT_THAT(sorted({field}), ElementsAre("5.2", "5.10", "9", "10", "", " "));
  field.order = ChannelOrder::kDescending;
  EXPECT_THAT(sorted({field}), ElementsAre("10", "9", "5.10", "5.2", " ", ""));
  field.compare = ChannelCompare::kText;
  EXPECT_THAT(sorted({field}), ElementsAre("9", "5.2", "5.10", "10", " ", ""));
}

TEST_F(ChannelSortTest, ASequenceGoesByTheFirstPatternThatMatchesAndKeepsTheOrderWithin) {
  add("a", "Movies");
  add("b", "World News");
  add("c", "Sports");
  add("d", "news");
  add("e", "Kids");
  EXPECT_THAT(sorted({by("group_title", ChannelOrder::kSequence, {"news$", "^sport"})}),
              ElementsAre("b", "d", "c", "a", "e"));
}

TEST_F(ChannelSortTest, LaterFieldsDecideAmongEqualOnes) {
  add("b", "x");
  add("a", "y");
  add("a", "x");
  EXPECT_THAT(sorted({by("group_title", ChannelOrder::kDescending),
                      by("channel_name", ChannelOrder::kAscending)}),
              ElementsAre("a", "a", "b"));
}

TEST_F(ChannelSortTest, ARowComesBackFromItsBytesWithAllItHas) {
  add("Name", "Group", "5.1");
  batch_.push_attribute({.key = "Radio", .value = "true"});
  batch_.push_attribute({.key = "x", .value = ""});
  batch_.push_directive("#EXTVLCOPT:a");
  batch_.set_media_type(0, catalog::MediaType::kSeries);
  batch_.set_id(0, source_id("tv"));
  batch_.set_duration(0, "-1");
  std::pmr::vector<std::uint8_t> bytes;
  append_row(batch_, 0, bytes);
  catalog::ChannelBatch copy(slabs_);
  add_row({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, copy);
  bytes.assign(bytes.size(), 0);
  ASSERT_EQ(copy.rows(), 1U);
  for (std::size_t i = 0; i < catalog::ChannelBatch::kTextColumns; ++i)
    EXPECT_EQ(copy.column(i)[0], batch_.column(i)[0]);
  ASSERT_EQ(copy.attributes(0).size(), 2U);
  EXPECT_EQ(copy.attributes(0)[0].key, "Radio");
  EXPECT_EQ(copy.attributes(0)[0].value, "true");
  ASSERT_EQ(copy.directives(0).size(), 1U);
  EXPECT_EQ(copy.directives(0)[0], "#EXTVLCOPT:a");
  EXPECT_EQ(copy.media_type(0), catalog::MediaType::kSeries);
  EXPECT_EQ(copy.id(0), source_id("tv"));
  EXPECT_EQ(copy.duration(0), "-1");
}

}  // namespace
}  // namespace m3u_proxy::channels
