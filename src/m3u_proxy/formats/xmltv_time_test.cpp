#include <array>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <m3u_proxy/formats/xmltv_time.hpp>

namespace m3u_proxy::formats {
namespace {

std::string in_utc(std::string_view text) {
  const auto time = parse_xmltv_time(text);
  if (!time) return "none";
  std::string out;
  append_utc_time(out, *time, 0);
  return out;
}

std::string moved(std::string_view text, std::int64_t seconds) {
  std::string out;
  append_moved_time(out, parse_xmltv_time(text).value(), seconds);
  return out;
}

TEST(XmltvTime, WholeTimeWithZoneIsAnInstant) {
  EXPECT_EQ(parse_xmltv_time("19700101010000 +0100")->epoch, 0);
  EXPECT_EQ(parse_xmltv_time("20260821234310 +0000")->epoch, 1787355790);
  EXPECT_EQ(in_utc("20260821234310 -0500"), "20260822044310 +0000");
}

TEST(XmltvTime, AnyPrefixFromTheYearOnIsATime) {
  EXPECT_EQ(in_utc("2018"), "20180101000000 +0000");
  EXPECT_EQ(in_utc("201803"), "20180301000000 +0000");
  EXPECT_EQ(in_utc("20180304"), "20180304000000 +0000");
  EXPECT_EQ(in_utc("2018030405"), "20180304050000 +0000");
  EXPECT_EQ(in_utc("201803040506"), "20180304050600 +0000");
  EXPECT_EQ(in_utc("20180304050607"), "20180304050607 +0000");
  EXPECT_EQ(in_utc("2018 +0100"), "20171231230000 +0000");
}

TEST(XmltvTime, EveryWayToWriteAZoneIsRead) {
  for (const auto* const zero : {"+0", "+00", "+000", "+0000", "0", "Z", "UTC", "GMT", "-0000"})
    EXPECT_EQ(in_utc(std::string("20180101120000 ") + zero), "20180101120000 +0000") << zero;
  EXPECT_EQ(in_utc("20180101120000 +0010"), "20180101115000 +0000");
  EXPECT_EQ(in_utc("20180101120000 +1"), "20180101110000 +0000");
  EXPECT_EQ(in_utc("20180101120000 +130"), "20180101103000 +0000");
  EXPECT_EQ(in_utc("20180101120000 +01:00"), "20180101110000 +0000");
  EXPECT_EQ(in_utc("20180101120000 -3:30"), "20180101153000 +0000");
  EXPECT_EQ(in_utc("20180101120000+0200"), "20180101100000 +0000");
}

TEST(XmltvTime, ZoneMayBeAName) {
  EXPECT_EQ(in_utc("20180701120000 BST"), "20180701110000 +0000");
  EXPECT_EQ(in_utc("20180701120000 cest"), "20180701100000 +0000");
  EXPECT_EQ(in_utc("20180101120000 EST"), "20180101170000 +0000");
  EXPECT_TRUE(parse_xmltv_time("20180101120000 CET")->zone_known);
}

TEST(XmltvTime, UnknownZoneNameIsUtcAndSaysSo) {
  const auto time = parse_xmltv_time("20180101120000 XYZT");
  ASSERT_TRUE(time.has_value());
  EXPECT_FALSE(time->zone_known);
  EXPECT_EQ(in_utc("20180101120000 XYZT"), "20180101120000 +0000");
}

TEST(XmltvTime, NoZoneIsUtc) { EXPECT_EQ(in_utc("20180101120000"), "20180101120000 +0000"); }

TEST(XmltvTime, WhatIsNoTimeIsRefused) {
  for (const auto* const bad :
       {"", "201", "tomorrow", "20181301000000", "20180230000000", "20180101250000",
        "20180101006000", "201801010000000", "20180101120000 +2500", "20180101120000 +01:0",
        "20180101120000 ?", "20180101120000 B\"T"})
    EXPECT_FALSE(parse_xmltv_time(bad).has_value()) << bad;
}

TEST(XmltvTime, MovingKeepsTheZoneText) {
  EXPECT_EQ(moved("20180101233000 +0100", 5400), "20180102010000 +0100");
  EXPECT_EQ(moved("20180101003000 BST", -2700), "20171231234500 BST");
  EXPECT_EQ(moved("20180101003000", 60), "20180101003100");
  EXPECT_EQ(moved("201801010030 +0000", 0), "20180101003000 +0000");
  EXPECT_EQ(moved("20180301000000", -1), "20180228235959");
  EXPECT_EQ(moved("19691231235959", -86400), "19691230235959");
}

TEST(TimeOffset, ReadsHoursMinutesSecondsWithSign) {
  using Case = std::pair<std::string_view, std::int64_t>;
  for (const auto& [text, seconds] :
       {Case{"+1h30m", 5400}, Case{"-45m", -2700}, Case{"2h", 7200}, Case{"0", 0}, Case{"+0", 0},
        Case{"90s", -1}, Case{"59s", 59}, Case{"-1h2m3s", -3723}, Case{"23h59m59s", 86399},
        Case{"1H", 3600}, Case{" 2h ", 7200}}) {
    const auto offset = parse_time_offset(text);
    if (seconds == -1)
      EXPECT_FALSE(offset.has_value()) << text;
    else
      EXPECT_EQ(offset.value(), seconds) << text;
  }
}

TEST(TimeOffset, RefusesWhatItDoesNotKnowAndSaysHow) {
  for (const auto* const bad :
       {"", "+", "24h", "60m", "60s", "1", "h", "30m1h", "1h1h", "1d", "one hour"}) {
    const auto offset = parse_time_offset(bad);
    ASSERT_FALSE(offset.has_value()) << bad;
    EXPECT_EQ(offset.error().code, ErrorCode::kConfig);
    EXPECT_NE(offset.error().hint.find("+1h30m"), std::string::npos);
  }
}

TEST(TvgShift, IsHoursWithAFraction) {
  EXPECT_EQ(parse_tvg_shift("1"), 1000);
  EXPECT_EQ(parse_tvg_shift("+1"), 1000);
  EXPECT_EQ(parse_tvg_shift("-2.5"), -2500);
  EXPECT_EQ(parse_tvg_shift(""), 0);
  EXPECT_EQ(parse_tvg_shift("0"), 0);
  EXPECT_EQ(parse_tvg_shift("0.25"), 250);
  for (const auto* const bad : {"x", "+", ".", "49", "1h", "1.2.3", "999999999999"})
    EXPECT_FALSE(parse_tvg_shift(bad).has_value()) << bad;
}

TEST(TvgShift, GivesTheChannelItsOwnGuideId) {
  EXPECT_EQ(shifted_guide_id("bbc1.uk", "1"), "bbc1.uk+1h");
  EXPECT_EQ(shifted_guide_id("bbc1.uk", "+1.0"), "bbc1.uk+1h");
  EXPECT_EQ(shifted_guide_id("bbc1.uk", "-2.5"), "bbc1.uk-2.5h");
  EXPECT_EQ(shifted_guide_id("bbc1.uk", "0"), "bbc1.uk");
  EXPECT_EQ(shifted_guide_id("bbc1.uk", ""), "bbc1.uk");
  EXPECT_EQ(shifted_guide_id("bbc1.uk", "soon"), "bbc1.uk");
}

}  // namespace
}  // namespace m3u_proxy::formats
