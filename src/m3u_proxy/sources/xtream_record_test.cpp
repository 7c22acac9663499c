#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/sources/json_records.hpp>
#include <m3u_proxy/sources/xtream_record.hpp>

namespace m3u_proxy::sources {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class XtreamRecordTest : public testing::Test {
 protected:
  const XtreamRecord* read(std::string json) {
    const std::size_t size = json.size();
    text_ = std::move(json) + std::string(JsonRecords::kPadding, '\0');
    return reader_.read(std::string_view(text_).substr(0, size), problems_);
  }
  XtreamRecordReader reader_;
  ProblemLog problems_;
  std::string text_;
};

TEST_F(XtreamRecordTest, TakesNumbersAsTextsAndBack) {
  for (const char* json : {R"({"stream_id":5,"num":"7","tv_archive":"1"})",
                           R"({"stream_id":"5","num":7.0,"tv_archive":true})",
                           R"({"stream_id":5.00,"num":[7,8],"tv_archive":1})"}) {
    const XtreamRecord* const record = read(json);
    ASSERT_NE(record, nullptr) << json;
    EXPECT_EQ(record->id, "5");
    EXPECT_EQ(record->number, "7");
    EXPECT_EQ(record->archive, "1");
  }
}

TEST_F(XtreamRecordTest, NothingIsEmpty) {
  const XtreamRecord* const record =
      read(R"({"stream_id":null,"name":"","num":{},"epg_channel_id":[],"category_id":null})");
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->id, "");
  EXPECT_EQ(record->name, "");
  EXPECT_EQ(record->number, "");
  EXPECT_EQ(record->guide_id, "");
  EXPECT_THAT(record->categories, IsEmpty());
}

TEST_F(XtreamRecordTest, CategoriesAreCollectedOnce) {
  EXPECT_THAT(read(R"({"category_id":"3","category_ids":[3,"4",null,[5],{"x":6}]})")->categories,
              ElementsAre("3", "4", "5"));
  EXPECT_THAT(read(R"({"category_ids":9})")->categories, ElementsAre("9"));
}

TEST_F(XtreamRecordTest, TheFirstNameOfAFieldThatHasAValueCounts) {
  EXPECT_EQ(read(R"({"name":null,"title":"T"})")->name, "T");
  EXPECT_EQ(read(R"({"name":"N","title":"T"})")->name, "N");
  EXPECT_EQ(read(R"({"id":"1","info":{"movie_image":"http://i"}})")->icon, "http://i");
  EXPECT_EQ(read(R"({"id":"1","info":[]})")->icon, "");
}

TEST_F(XtreamRecordTest, EscapesAreResolvedAndBlanksTrimmed) {
  EXPECT_EQ(read(R"({"name":"  \u00e9\"\/ "})")->name, "é\"/");
}

TEST_F(XtreamRecordTest, OtherEncodingsAndControlCharactersAreRepaired) {
  EXPECT_EQ(read("{\"name\":\"caf\xE9\"}")->name, "café");
  EXPECT_EQ(read("{\"name\":\"a\nb\"}")->name, "a b");
  EXPECT_EQ(problems_.of("xtream_repaired"), 2U);
}

TEST_F(XtreamRecordTest, WhatIsNoObjectIsNone) {
  for (const char* json : {"[]", "{", R"({"a":})", R"({"name":"x" "y":1})", "", "5"})
    EXPECT_EQ(read(json), nullptr) << json;
}

TEST_F(XtreamRecordTest, LooseValuesAreCounted) {
  read(R"({"stream_id":"x5"})");
  read(R"({"name":["a"]})");
  EXPECT_EQ(problems_.of("xtream_loose_value"), 2U);
}

}  // namespace
}  // namespace m3u_proxy::sources
