#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/io/memory_source.hpp>
#include <m3u_proxy/sources/json_records.hpp>

namespace m3u_proxy::sources {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Counts = std::map<std::string_view, std::uint64_t>;

struct Read {
  std::vector<std::string> records;
  ProblemLog problems;
  std::string error;
};

Read read(const std::string& json, std::size_t piece = SIZE_MAX, std::string_view member = {}) {
  Read out;
  memory::Budget budget;
  io::MemorySource source(json, piece);
  auto records = JsonRecords::create(source, budget, member);
  EXPECT_TRUE(records);
  while (records) {
    const auto record = records->next(out.problems);
    if (!record) {
      out.error = record.error().message;
      break;
    }
    if (!*record) break;
    out.records.emplace_back(**record);
  }
  return out;
}

TEST(JsonRecords, CutsAListAtItsRecords) {
  const std::string json = R"([{"a":1},{"b":[{"x":"}"}],"c":{}} , {"d":"\"]\\"}])";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
    const Read got = read(json, piece);
    EXPECT_THAT(got.records,
                ElementsAre(R"({"a":1})", R"({"b":[{"x":"}"}],"c":{}})", R"({"d":"\"]\\"})"));
    EXPECT_EQ(got.problems.total(), 0U);
  }
}

TEST(JsonRecords, TakesAnObjectOrListsWithinForTheList) {
  EXPECT_THAT(read(R"({"1":{"a":1},"x\"{":{"b":2}})").records,
              ElementsAre(R"({"a":1})", R"({"b":2})"));
  EXPECT_EQ(read(R"({"1":{"a":1}})").problems.of("json_object_for_list"), 1U);
  EXPECT_THAT(read(R"([[{"a":1}],[],[{"b":2},{"c":3}]])").records,
              ElementsAre(R"({"a":1})", R"({"b":2})", R"({"c":3})"));
  for (const std::size_t piece : {std::size_t{1}, SIZE_MAX})
    EXPECT_THAT(read(R"([1,"{",null,{"a":1},true])", piece).records, ElementsAre(R"({"a":1})"));
}

TEST(JsonRecords, NothingIsAnEmptyList) {
  for (const char* json : {"false", "null", "\"\"", "{}", " false\n"}) {
    const Read got = read(json, 1);
    EXPECT_THAT(got.records, IsEmpty()) << json;
    EXPECT_EQ(got.error, "") << json;
    EXPECT_EQ(got.problems.of("json_no_list"), 1U) << json;
  }
  EXPECT_EQ(read("[]").problems.total(), 0U);
  EXPECT_EQ(read("\xEF\xBB\xBF[]").error, "");
  EXPECT_EQ(read("\xEF\xBB\xBF[]").problems.total(), 0U);
}

TEST(JsonRecords, WhatStandsBeforeIsPassedOver) {
  const Read got = read("<b>Warning</b>: key [3] {x} in /a.php\n[{\"a\":1}]", 5);
  EXPECT_THAT(got.records, ElementsAre(R"({"a":1})"));
  EXPECT_EQ(got.problems.of("json_junk"), 1U);
  EXPECT_THAT(read("\xEF\xBB\xBF [ {\"a\":1}]").records, ElementsAre(R"({"a":1})"));
}

TEST(JsonRecords, SomethingElseIsAnError) {
  EXPECT_EQ(read("<html>no</html>").error,
            "the provider answered with something else than JSON: \"<html>no</html>\"");
  EXPECT_EQ(read(" \n").error, "the provider answered with nothing");
  EXPECT_NE(read(std::string(200'000, 'x')).error, "");
}

TEST(JsonRecords, ATruncatedListGivesItsWholeRecords) {
  const Read got = read(R"([{"a":1},{"b":)", 3);
  EXPECT_THAT(got.records, ElementsAre(R"({"a":1})"));
  EXPECT_EQ(got.problems.of("json_truncated"), 1U);
  EXPECT_EQ(read(R"([{"a":1})").problems.total(), 0U);
}

TEST(JsonRecords, AMissingQuoteCostsItsOwnRecordOnly) {
  const Read got = read(R"([{"a":1},{"b":"x},{"c":"2"},{"d":3}])", 4);
  EXPECT_THAT(got.records, testing::Contains(R"({"d":3})"));
  EXPECT_THAT(got.records, testing::Contains(R"({"a":1})"));
}

TEST(JsonRecords, ARecordThatIsNoJsonIsEnteredAgain) {
  memory::Budget budget;
  ProblemLog problems;
  io::MemorySource source(R"([{"a":"x"y"},{"b":"z"w"},{"c":2}])");
  auto records = JsonRecords::create(source, budget);
  ASSERT_TRUE(records);
  const auto first = records->next(problems);
  ASSERT_TRUE(first && *first);
  records->resume_inside();
  std::vector<std::string> rest;
  while (true) {
    const auto record = records->next(problems);
    if (!record || !*record) break;
    rest.emplace_back(**record);
  }
  EXPECT_THAT(rest, testing::Contains(R"({"c":2})"));
}

TEST(JsonRecords, ALargeRecordIsSkippedAndTheNextIsFound) {
  const std::string large = R"({"a":")" + std::string(JsonRecords::kLargest * 2, 'x') + R"("})";
  const Read got = read("[{\"z\":0}," + large + ",{\"b\":1}]", 100'000);
  EXPECT_THAT(got.records, ElementsAre(R"({"z":0})", R"({"b":1})"));
  EXPECT_EQ(got.problems.of("json_too_large"), 1U);
}

TEST(JsonRecords, TakesTheListOfAMember) {
  const std::string json =
      R"({"info":{"plot":"\"episodes\":[{\"no\":1}]"},"seasons":[{"id":1}],)"
      R"("episodes" : {"1":[{"id":"5"},{"id":"6"}],"2":[{"id":7}]},"more":[{"x":1}]})";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{9}, SIZE_MAX})
    EXPECT_THAT(read(json, piece, "episodes").records,
                ElementsAre(R"({"id":"5"})", R"({"id":"6"})", R"({"id":7})"));
  EXPECT_THAT(read(R"({"episodes":[[{"id":1}],[{"id":2}]]})", 2, "episodes").records,
              ElementsAre(R"({"id":1})", R"({"id":2})"));
  EXPECT_THAT(read(R"({"episodes":[]})", 2, "episodes").records, IsEmpty());
  EXPECT_EQ(read(R"({"info":[]})", 2, "episodes").problems.of("json_no_list"), 1U);
}

}  // namespace
}  // namespace m3u_proxy::sources
