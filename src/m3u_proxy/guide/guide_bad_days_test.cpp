// EPG sources that come empty or broken: what counts as failed, and when the last guide stays.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/guide/guide_testing.hpp>

namespace m3u_proxy::guide {
namespace {

using testing::HasSubstr;

const std::string kChannel = "<channel id=\"a\"><display-name>A</display-name></channel>";
const std::string kGood =
    "<programme start=\"20260101120000\" stop=\"20260101130000\" channel=\"a\"><title>T</title>"
    "</programme>";

GuideMaker::Made guide_of(const std::vector<std::string>& texts) {
  GuideMaker maker;
  maker.channels = {{.tvg_id = "a"}};
  for (const std::string& text : texts) maker.sources.push_back(epg_source("epg", text));
  return maker.make();
}

std::string programme(const std::string& attributes, const std::string& inside = "") {
  return "<programme " + attributes + "><title>T</title>" + inside + "</programme>";
}

TEST(GuideBadDays, SourceWithNeitherChannelsNorProgrammesHasFailed) {
  for (const std::string& text :
       {std::string("<tv></tv>"), std::string("<tv/>"),
        std::string("<?xml version=\"1.0\"?>\n<tv generator-info-name=\"x\">"),
        std::string("<tv>\n<!-- nothing today -->\n</tv>"), std::string("<tv><x/></tv>")}) {
    const auto made = guide_of({text});
    EXPECT_TRUE(made.result.failed) << text;
    EXPECT_TRUE(made.result.sources[0].failed) << text;
    EXPECT_THAT(made.result.sources[0].error, HasSubstr("neither channels nor programmes")) << text;
    EXPECT_EQ(made.guide, "") << text;
  }
}

TEST(GuideBadDays, SourceWhoseEveryProgrammeIsUnusableHasFailed) {
  const std::string stray = programme("start=\"20260101\"");
  for (const std::string& programmes :
       {programme("start=\"soon\" channel=\"a\""), programme("channel=\"a\""), stray,
        stray + programme("start=\"15/01/2026\" channel=\"a\""),
        programme("start=\"20260101\" channel=\"a\"", "<desc>"),
        // It is enough that all of those are unusable that the playlist wants.
        programme("start=\"soon\" channel=\"a\"") + programme("start=\"20260101\" channel=\"b\""),
        std::string("<programme start=\"20260101\" channel=\"a\"><title>")}) {
    const auto made = guide_of({"<tv>" + kChannel + programmes + "</tv>"});
    EXPECT_TRUE(made.result.failed) << programmes;
    EXPECT_THAT(made.result.sources[0].error, HasSubstr("can be used")) << programmes;
    EXPECT_EQ(made.guide, "") << programmes;
  }
}

TEST(GuideBadDays, SourceThatIsOnlyOfNoUseForThisListHasNotFailed) {
  for (const std::string& text :
       {"<tv>" + kChannel + "</tv>",
        "<tv>" + programme("start=\"20260101\" channel=\"b\"") + "</tv>",
        "<tv>" + kGood + programme("start=\"soon\" channel=\"a\"") + "</tv>",
        "<tv>" + programme("start=\"20260101\" channel=\"b\"") + programme("start=\"20260101\"") +
            "</tv>"}) {
    const auto made = guide_of({text});
    EXPECT_FALSE(made.result.failed) << text;
    EXPECT_FALSE(made.result.sources[0].failed) << text;
  }
  GuideMaker outside;
  outside.channels = {{.tvg_id = "a"}};
  outside.sources = {epg_source("epg", "<tv>" + kGood + "</tv>")};
  outside.options.window = true;
  outside.now = 2000000000;
  EXPECT_FALSE(outside.make().result.sources[0].failed) << "outside the window is no fault";
}

TEST(GuideBadDays, FailedSourceIsMadeUpForByAnother) {
  const auto made = guide_of({"<tv></tv>", "<tv>" + kChannel + kGood + "</tv>"});
  EXPECT_FALSE(made.result.failed);
  EXPECT_TRUE(made.result.sources[0].failed);
  EXPECT_EQ(made.result.programmes, 1U);
}

TEST(GuideBadDays, FailedSourceThatLeavesNoProgrammeLeavesTheLastGuide) {
  EXPECT_TRUE(guide_of({"<tv></tv>", "<tv>" + kChannel + "</tv>"}).result.failed);
  EXPECT_TRUE(guide_of({"<html></html>", "<tv><channel id=\"b\"/></tv>"}).result.failed);
}

TEST(GuideBadDays, TimesOfAnyFormMakeAGuide) {
  const auto made = guide_of(
      {"<tv>" + kChannel +
       programme("start=\"2026-01-15T20:00:00+01:00\" stop='2026-01-15T21:00:00Z' channel=\"a\"") +
       programme("start=\"20260115220000 +0000\" stop=\"1768518000\" channel=\"a\"") +
       programme("start=\"2026-01-16 00:00\" channel=\"a\"") + "</tv>"});
  EXPECT_THAT(made.guide,
              HasSubstr("<programme start=\"20260115200000 +0100\" stop=\"20260115210000 +0000\" "
                        "channel=\"a\">"));
  EXPECT_THAT(made.guide,
              HasSubstr("<programme start=\"20260115220000 +0000\" stop=\"20260115230000 +0000\" "
                        "channel=\"a\">"));
  EXPECT_THAT(made.guide, HasSubstr("<programme start=\"20260116000000\" channel=\"a\">"));
  EXPECT_EQ(made.result.problems.of("bad_start"), 0U);
}

TEST(GuideBadDays, DateOfAGuideIsWrittenInXmltvsForm) {
  const auto made = guide_of({"<tv date=\"2026-01-15T20:00:00Z\">" + kChannel + kGood + "</tv>"});
  EXPECT_THAT(made.guide, HasSubstr("<tv date=\"20260115200000 +0000\""));
}

TEST(GuideBadDays, UnknownZonesAreCountedAndLeftAlone) {
  GuideMaker maker;
  maker.channels = {{.tvg_id = "a"}};
  maker.options.normalize_to_utc = true;
  maker.sources = {epg_source(
      "epg",
      "<tv>" +
          programme("start=\"20260101120000 XYZT\" stop=\"20260101130000 EST\" channel=\"a\"") +
          "</tv>")};
  const auto made = maker.make();
  EXPECT_THAT(made.guide, HasSubstr("start=\"20260101120000 XYZT\" stop=\"20260101180000 +0000\""));
  EXPECT_EQ(made.result.problems.of("unknown_zone"), 1U);
}

TEST(GuideBadDays, ChannelDeclaredTwiceHasTheNamesOfBoth) {
  const std::string first =
      "<channel id=\"a\"><display-name>A</display-name><url>u</url></channel>";
  const std::string second =
      "<channel id=\"a\"><display-name lang=\"de\">B</display-name><display-name>A</display-name>"
      "<icon src=\"i\"/></channel>";
  const auto names = [](const std::string& text) {
    GuideMaker maker;
    maker.channels = {{.tvg_id = "a", .channel_name = "One"}};
    maker.sources = {epg_source("epg", "<tv>" + text + "</tv>")};
    const auto made = maker.make();
    const std::size_t begin = made.guide.find("  <channel");
    return made.guide.substr(begin, made.guide.find("  <programme") - begin);
  };
  const std::string joined =
      "  <channel id=\"a\">\n    <display-name>One</display-name>\n"
      "    <display-name>A</display-name>\n    <display-name lang=\"de\">B</display-name>\n"
      "    <url>u</url>\n  </channel>\n";
  EXPECT_EQ(names(first + second + kGood), joined);
  EXPECT_EQ(names(first + kGood + second), joined) << "a second one behind the programmes";
  EXPECT_EQ(names("<channel id=\"a\"/>" + first + kGood),
            "  <channel id=\"a\">\n    <display-name>One</display-name>\n"
            "    <display-name>A</display-name>\n  </channel>\n");
}

TEST(GuideBadDays, NamesOfAChannelDeclaredManyTimesHaveABound) {
  std::string text = "<tv>";
  for (int i = 0; i < 3000; ++i)
    text += "<channel id=\"a\"><display-name>Number " + std::to_string(i) +
            " of a name with some length</display-name></channel>";
  const auto made = guide_of({text + kGood + "</tv>"});
  EXPECT_EQ(made.result.problems.of("duplicate_channel"), 2999U);
  EXPECT_LT(made.guide.size(), 80U << 10U);
  EXPECT_EQ(made.result.programmes, 1U);
}

}  // namespace
}  // namespace m3u_proxy::guide
