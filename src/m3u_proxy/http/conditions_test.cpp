#include <gtest/gtest.h>

#include <m3u_proxy/http/conditions.hpp>
#include <m3u_proxy/http/http_date.hpp>

namespace m3u_proxy::http {
namespace {

constexpr std::int64_t kTime = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
const Validators kCurrent{.etag = "\"v2\"", .last_modified = kTime};

TEST(HttpDate, IsWrittenAndRead) {
  EXPECT_EQ(format_http_date(kTime), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), kTime);
  EXPECT_EQ(format_http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  for (const char* wrong : {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 1994 08:49:37 GMT",
                            "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
                            "Sun, -6 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"})
    EXPECT_FALSE(parse_http_date(wrong)) << wrong;
}

Condition condition(Method method, std::vector<Header> headers,
                    const Validators& current = kCurrent) {
  return evaluate_conditions(method, headers, current);
}

TEST(Conditions, IfNoneMatch) {
  EXPECT_EQ(condition(Method::kGet, {{"If-None-Match", "\"v2\""}}), Condition::kNotModified);
  EXPECT_EQ(condition(Method::kHead, {{"If-None-Match", "\"v1\", W/\"v2\""}}),
            Condition::kNotModified);
  EXPECT_EQ(condition(Method::kGet, {{"If-None-Match", "*"}}), Condition::kNotModified);
  EXPECT_EQ(condition(Method::kGet, {{"If-None-Match", "\"v1\""}}), Condition::kGoOn);
  EXPECT_EQ(condition(Method::kPut, {{"If-None-Match", "*"}}), Condition::kPreconditionFailed);
  EXPECT_EQ(condition(Method::kGet, {{"If-None-Match", "\"a,\\\"b\", \"v2\""}}),
            Condition::kNotModified);
}

TEST(Conditions, IfModifiedSinceCountsOnlyWithoutIfNoneMatch) {
  const std::string same = format_http_date(kTime);
  const std::string before = format_http_date(kTime - 1);
  EXPECT_EQ(condition(Method::kGet, {{"If-Modified-Since", same}}), Condition::kNotModified);
  EXPECT_EQ(condition(Method::kGet, {{"If-Modified-Since", before}}), Condition::kGoOn);
  EXPECT_EQ(condition(Method::kGet, {{"If-Modified-Since", "nonsense"}}), Condition::kGoOn);
  EXPECT_EQ(condition(Method::kPost, {{"If-Modified-Since", same}}), Condition::kGoOn);
  EXPECT_EQ(condition(Method::kGet, {{"If-Modified-Since", same}, {"If-None-Match", "\"v1\""}}),
            Condition::kGoOn);
}

TEST(Conditions, IfMatchComparesStrongly) {
  EXPECT_EQ(condition(Method::kPut, {{"If-Match", "\"v1\", \"v2\""}}), Condition::kGoOn);
  EXPECT_EQ(condition(Method::kPut, {{"If-Match", "*"}}), Condition::kGoOn);
  EXPECT_EQ(condition(Method::kPut, {{"If-Match", "\"v1\""}}), Condition::kPreconditionFailed);
  EXPECT_EQ(condition(Method::kPut, {{"If-Match", "W/\"v2\""}}), Condition::kPreconditionFailed);
  EXPECT_EQ(condition(Method::kPut, {{"If-Unmodified-Since", format_http_date(kTime)}}),
            Condition::kGoOn);
  EXPECT_EQ(condition(Method::kPut, {{"If-Unmodified-Since", format_http_date(kTime - 1)}}),
            Condition::kPreconditionFailed);
}

std::string range(std::vector<Header> headers, std::uint64_t size = 1000) {
  const RangeAnswer answer = evaluate_range(headers, kCurrent, size);
  switch (answer.kind) {
    case RangeAnswer::Kind::kWhole:
      return "whole";
    case RangeAnswer::Kind::kNotSatisfiable:
      return "none";
    case RangeAnswer::Kind::kPart:
      break;
  }
  return std::to_string(answer.part.offset) + "+" + std::to_string(answer.part.length);
}

TEST(Range, OneRangeIsAPart) {
  EXPECT_EQ(range({{"Range", "bytes=0-"}}), "0+1000");
  EXPECT_EQ(range({{"Range", "bytes=0-0"}}), "0+1");
  EXPECT_EQ(range({{"Range", "Bytes=10-19"}}), "10+10");
  EXPECT_EQ(range({{"Range", "bytes=990-5000"}}), "990+10");
  EXPECT_EQ(range({{"Range", "bytes=-1"}}), "999+1");
  EXPECT_EQ(range({{"Range", "bytes=-5000"}}), "0+1000");
  EXPECT_EQ(range({{"Range", "bytes=0-18446744073709551615"}}), "0+1000");
}

TEST(Range, OutsideOfTheBodyThereIsNone) {
  EXPECT_EQ(range({{"Range", "bytes=1000-"}}), "none");
  EXPECT_EQ(range({{"Range", "bytes=-0"}}), "none");
  EXPECT_EQ(range({{"Range", "bytes=0-"}}, 0), "none");
  EXPECT_EQ(range({{"Range", "bytes=-5"}}, 0), "none");
}

TEST(Range, WhatIsNoSingleRangeMeansTheWholeBody) {
  for (const char* text :
       {"bytes=5-4", "bytes=a-b", "bytes=-", "bytes=", "lines=1-2", "bytes=0-1,5-6",
        "bytes=18446744073709551616-", "bytes=+1-2", "bytes=1", ""})
    EXPECT_EQ(range({{"Range", text}}), "whole") << text;
}

TEST(Range, IfRangeHoldsForTheSameVersionOnly) {
  const auto with = [](std::string value) {
    return range({{"Range", "bytes=0-9"}, {"If-Range", value}});
  };
  EXPECT_EQ(with("\"v2\""), "0+10");
  EXPECT_EQ(with("\"v1\""), "whole");
  EXPECT_EQ(with("W/\"v2\""), "whole");
  EXPECT_EQ(with(format_http_date(kTime)), "0+10");
  EXPECT_EQ(with(format_http_date(kTime + 1)), "whole");
}

}  // namespace
}  // namespace m3u_proxy::http
