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
  EXPECT_EQ(time->epoch, 1514808000);
}

TEST(XmltvTime, UnknownZoneNameIsNeverRewritten) {
  EXPECT_EQ(in_utc("20180101120000 XYZT"), "20180101120000 XYZT");
  EXPECT_EQ(in_utc("2018-01-01 12:00:00 XYZT"), "20180101120000 XYZT");
  EXPECT_EQ(moved("20180101120000 Europe/Paris", 3600), "20180101130000 Europe/Paris");
  EXPECT_EQ(moved("20180101120000 Central European Time", 0),
            "20180101120000 Central European Time");
}

TEST(XmltvTime, AmbiguousZoneNamesAreReadAsDocumented) {
  EXPECT_EQ(in_utc("20180701120000 IST"), "20180701063000 +0000");
  EXPECT_EQ(in_utc("20180701120000 CST"), "20180701180000 +0000");
  EXPECT_EQ(in_utc("20180701120000 MESZ"), "20180701100000 +0000");
  EXPECT_EQ(in_utc("20180101120000 MEZ"), "20180101110000 +0000");
  EXPECT_EQ(in_utc("20180101120000 UTC+2"), "20180101100000 +0000");
  EXPECT_EQ(in_utc("20180101120000 GMT-03:30"), "20180101153000 +0000");
}

TEST(XmltvTime, Iso8601IsReadAndWrittenInXmltvsForm) {
  using Case = std::pair<std::string_view, std::string_view>;
  for (const auto& [text, written] :
       {Case{"2026-01-15T20:00:00Z", "20260115200000 +0000"},
        Case{"2026-01-15t20:00:00z", "20260115200000 +0000"},
        Case{"2026-01-15T20:00:00+01:00", "20260115200000 +0100"},
        Case{"2026-01-15T20:00:00-0330", "20260115200000 -0330"},
        Case{"2026-01-15T20:00:00+01", "20260115200000 +0100"},
        Case{"2026-01-15T20:00:00.123Z", "20260115200000 +0000"},
        Case{"2026-01-15T20:00:00,5+01:00", "20260115200000 +0100"},
        Case{"2026-01-15T20:00:00+01:00[Europe/Paris]", "20260115200000 +0100"},
        Case{"2026-01-15T20:00", "20260115200000"},
        Case{"2026-01-15T20", "20260115200000"},
        Case{"2026-01-15", "20260115000000"},
        Case{"2026-01-15 20:00:00", "20260115200000"},
        Case{"2026-01-15 20:00:00 EST", "20260115200000 EST"},
        Case{"2026-01-15 20:00 cet", "20260115200000 cet"},
        Case{"2026-01-15 20:00:00 +0100", "20260115200000 +0100"},
        Case{"2026-01-15 20:00:00+0100", "20260115200000 +0100"},
        Case{"2026-01-15  20:00:00 UTC", "20260115200000 UTC"},
        Case{"2026-01-15 20:00:00 UTC+2", "20260115200000 +0200"},
        Case{"2026-1-5 8:05:00", "20260105080500"},
        Case{"2026-01-15 EST", "20260115000000 EST"},
        Case{" 2026-01-15T20:00:00Z ", "20260115200000 +0000"},
        Case{"20260115T200000Z", "20260115200000 +0000"},
        Case{"20260115T200000+0100", "20260115200000 +0100"},
        Case{"20260115T2000", "20260115200000"},
        Case{"20260115T20:00:00", "20260115200000"},
        Case{"20260115 200000 +0100", "20260115200000 +0100"},
        Case{"20260115 20:00", "20260115200000"},
        Case{"20260115200000.000 +0100", "20260115200000 +0100"},
        Case{"20260115200000 +0100 (CET)", "20260115200000 +0100"},
        Case{"2026-01-15T24:00:00Z", "20260116000000 +0000"}}) {
    const auto time = parse_xmltv_time(text);
    ASSERT_TRUE(time.has_value()) << text;
    EXPECT_TRUE(time->foreign) << text;
    EXPECT_EQ(moved(text, 0), written) << text;
    EXPECT_EQ(parse_xmltv_time(written)->epoch, time->epoch) << text;
    EXPECT_FALSE(parse_xmltv_time(written)->foreign) << text;
  }
}

TEST(XmltvTime, EpochSecondsAreWrittenInUtc) {
  EXPECT_EQ(moved("1768507200", 0), "20260115200000 +0000");
  EXPECT_EQ(moved("1768507200.25", 0), "20260115200000 +0000");
  EXPECT_EQ(moved("1768507200000", 0), "20260115200000 +0000");
  EXPECT_EQ(moved("1768507200 +0100", 0), "20260115210000 +0100");
  EXPECT_EQ(parse_xmltv_time("1768507200 +0100")->epoch, 1768507200);
  EXPECT_EQ(moved("1000000000", 0), "20010909014640 +0000");
}

TEST(XmltvTime, TenDigitsThatAreADayAndItsHourAreNoSeconds) {
  EXPECT_EQ(moved("2026011520", 0), "20260115200000");
  EXPECT_EQ(moved("1900010100", 0), "19000101000000");
  EXPECT_EQ(moved("2099123123", 0), "20991231230000");
  EXPECT_EQ(moved("2026013020", 0), "20260130200000");
  EXPECT_TRUE(parse_xmltv_time("2026023020")->foreign) << "no 30th of February";
  EXPECT_TRUE(parse_xmltv_time("2026011525")->foreign) << "no hour 25";
  EXPECT_TRUE(parse_xmltv_time("2100010100")->foreign);
  EXPECT_TRUE(parse_xmltv_time("1899123123")->foreign);
}

TEST(XmltvTime, XmltvsOwnFormStaysAsItIs) {
  for (const auto* const text :
       {"20260115200000 +0100", "20260115200000 +01:00", "20260115200000Z", "20260115200000EST",
        "20260115", "20260115 0100", "202601152000 +0100", "2026", "2026 -0100", "2026-0100"})
    EXPECT_FALSE(parse_xmltv_time(text)->foreign) << text;
}

TEST(XmltvTime, NoZoneIsUtc) { EXPECT_EQ(in_utc("20180101120000"), "20180101120000 +0000"); }

TEST(XmltvTime, WhatIsNoTimeIsRefused) {
  for (const auto* const bad : {"",
                                "201",
                                "tomorrow",
                                "20181301000000",
                                "20180230000000",
                                "20180101250000",
                                "20180101006000",
                                "201801010000000",
                                "20180101120000 +2500",
                                "20180101120000 +01:0",
                                "20180101120000 ?",
                                "20180101120000 B\"T",
                                "2026-13-01",
                                "2026-02-30T10:00:00Z",
                                "2026-01-15T",
                                "2026-01-15T25:00:00Z",
                                "2026-01-15T20:60",
                                "2026-01-15T20:00:00:00",
                                "2026-01-15T200",
                                "2026-01-15 08:00:00 PM",
                                "2026-01-15 8:00 am",
                                "2026-01-15T20:00:00Q?",
                                "15/01/2026 20:00:00",
                                "17685072001",

                                "20260115 20",
                                "1768507200x?",
                                "-5"})
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

TEST(TvgShift, MayBeHoursAndMinutes) {
  EXPECT_EQ(parse_tvg_shift("+01:00"), 1000);
  EXPECT_EQ(parse_tvg_shift("-2:30"), -2500);
  EXPECT_EQ(parse_tvg_shift("+0530"), 5500);
  EXPECT_EQ(parse_tvg_shift("-0015"), -250);
  EXPECT_EQ(parse_tvg_shift("00:00"), 0);
  for (const auto* const bad :
       {"+01:60", "1:0", "+1:", ":30", "+1:2:3", "+4900", "49:00", "+01:30.5", "0530", "+01:20"})
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
