#include <gtest/gtest.h>

#include <m3u_proxy/base/time.hpp>

namespace m3u_proxy {
namespace {

constexpr std::int64_t kEvening = 1714588200;   // 2024-05-01T18:30:00Z
constexpr std::int64_t kMidnight = 1714521600;  // 2024-05-01T00:00:00Z

TEST(ParseDate, SecondsSince1970) {
  EXPECT_EQ(parse_date("0"), 0);
  EXPECT_EQ(parse_date("1714588200"), kEvening);
  EXPECT_EQ(parse_date(" 1714588200 "), kEvening);
  EXPECT_EQ(parse_date("-1"), -1);
  EXPECT_EQ(parse_date("253402300799"), 253402300799);
  EXPECT_EQ(parse_date("253402300800"), std::nullopt) << "the year 10000";
}

TEST(ParseDate, Rfc3339) {
  EXPECT_EQ(parse_date("2024-05-01T18:30:00Z"), kEvening);
  EXPECT_EQ(parse_date("2024-05-01t18:30:00z"), kEvening);
  EXPECT_EQ(parse_date("2024-05-01T20:30:00+02:00"), kEvening);
  EXPECT_EQ(parse_date("2024-05-01T13:00:00-05:30"), kEvening);
  EXPECT_EQ(parse_date("2024-05-01T18:30:00.999Z"), kEvening);
  EXPECT_EQ(parse_date("2024-05-01 18:30:00+00:00"), kEvening);
  EXPECT_EQ(parse_date("2016-12-31T23:59:60Z"), 1483228800) << "a leap second is the next one";
}

TEST(ParseDate, DashedWithBlankOrT) {
  EXPECT_EQ(parse_date("2024-05-01 18:30:00"), kEvening);
  EXPECT_EQ(parse_date("2024-05-01T18:30:00"), kEvening);
}

TEST(ParseDate, DayFirstWithSlashes) {
  EXPECT_EQ(parse_date("01/05/2024 18:30:00"), kEvening);
  EXPECT_EQ(parse_date("05/13/2024 18:30:00"), std::nullopt) << "the month comes second";
}

TEST(ParseDate, Compact) {
  EXPECT_EQ(parse_date("20240501183000"), kEvening);
  EXPECT_EQ(parse_date("20240501183000 +0000"), kEvening);
  EXPECT_EQ(parse_date("20240501203000 +0200"), kEvening);
  EXPECT_EQ(parse_date("20240501130000 -0530"), kEvening);
  EXPECT_EQ(parse_date("20240501203000+0200"), kEvening);
}

TEST(ParseDate, DateAlone) {
  EXPECT_EQ(parse_date("2024-05-01"), kMidnight);
  EXPECT_EQ(parse_date("01/05/2024"), kMidnight);
}

TEST(ParseDate, LeapYears) {
  EXPECT_EQ(parse_date("2024-02-29"), 1709164800);
  EXPECT_EQ(parse_date("2023-02-29"), std::nullopt);
  EXPECT_EQ(parse_date("2000-02-29"), 951782400);
  EXPECT_EQ(parse_date("1900-02-29"), std::nullopt);
}

TEST(ParseDate, WhatIsNoDateIsRefused) {
  for (const char* text : {"",
                           " ",
                           "now",
                           "2024-5-1",
                           "2024-13-01",
                           "2024-00-10",
                           "2024-04-31",
                           "2024-05-01 24:00:00",
                           "2024-05-01 18:60:00",
                           "2024-05-01 18:30",
                           "2024-05-01 18:30:00 UTC",
                           "2024-05-01x",
                           "2024-05-01T18:30:00.Z",
                           "2024-05-01T18:30:00+2",
                           "20241301000000",
                           "2024050118300",
                           "20240501183000 +02",
                           "20240501183000 +9900",
                           "202405011830001",
                           "1.5",
                           "1e9",
                           "0x10",
                           "01/05/24 18:30:00",
                           "01-05-2024",
                           "99999999999999999999"})
    EXPECT_EQ(parse_date(text), std::nullopt) << text;
}

TEST(ParseInstant, SaysWhatATimeLooksLike) {
  EXPECT_EQ(parse_instant("2024-05-01T18:30:00Z").value(), kEvening);
  const auto wrong = parse_instant("tomorrow");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(wrong.error().message, "'tomorrow' is not a time");
  EXPECT_NE(wrong.error().hint, "");
}

TEST(FormatTime, Rfc3339InUtc) {
  EXPECT_EQ(format_rfc3339(kEvening), "2024-05-01T18:30:00Z");
  EXPECT_EQ(format_rfc3339(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_rfc3339(-1), "1969-12-31T23:59:59Z");
  EXPECT_EQ(format_rfc3339(951782400), "2000-02-29T00:00:00Z");
  EXPECT_EQ(format_rfc3339(-62167219200), "0000-01-01T00:00:00Z");
}

TEST(FormatTime, BeyondTheYear9999IsItsEnd) {
  EXPECT_EQ(format_rfc3339(253402300799), "9999-12-31T23:59:59Z");
  EXPECT_EQ(format_rfc3339(INT64_MAX), "9999-12-31T23:59:59Z");
  EXPECT_EQ(format_rfc3339(INT64_MIN), "0000-01-01T00:00:00Z");
}

TEST(FormatTime, ReadsBack) {
  for (std::int64_t t = -3'000'000'000; t < 9'000'000'000; t += 86'399'777)
    EXPECT_EQ(parse_date(format_rfc3339(t)), t);
}

}  // namespace
}  // namespace m3u_proxy
