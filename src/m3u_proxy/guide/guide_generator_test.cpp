#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/guide/guide_testing.hpp>
#include <m3u_proxy/io/io_testing.hpp>

namespace m3u_proxy::guide {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kNoon = 1767268800;  // 2026-01-01 12:00:00 UTC

std::string tv(const std::string& content) {
  return "<?xml version=\"1.0\"?><tv>" + content + "</tv>";
}

std::string show(const std::string& channel, const std::string& title,
                 const std::string& start = "20260101120000 +0000",
                 const std::string& stop = "20260101130000 +0000") {
  return fmt::format(
      "<programme start=\"{}\" stop=\"{}\" channel=\"{}\"><title>{}</title></programme>", start,
      stop, channel, title);
}

GuideMaker maker(std::vector<GuideChannel> channels, std::vector<EpgSource> sources) {
  GuideMaker made;
  made.channels = std::move(channels);
  made.sources = std::move(sources);
  made.now = kNoon;
  return made;
}

std::vector<std::string> ids_of(const std::string& guide, const std::string& before) {
  std::vector<std::string> ids;
  for (std::size_t at = guide.find(before); at != std::string::npos; at = guide.find(before, at)) {
    at += before.size();
    ids.push_back(guide.substr(at, guide.find('"', at) - at));
  }
  return ids;
}
std::vector<std::string> channels_of(const std::string& guide) {
  return ids_of(guide, "<channel id=\"");
}
std::vector<std::string> shows_of(const std::string& guide) {
  std::vector<std::string> titles;
  for (std::size_t at = guide.find("<title>"); at != std::string::npos;
       at = guide.find("<title>", at)) {
    at += 7;
    titles.push_back(guide.substr(at, guide.find('<', at) - at));
  }
  return titles;
}

TEST(Guide, ChannelsOfThePlaylistComeFirstInItsOrderThenTheProgrammes) {
  auto guide =
      maker({{.tvg_id = "b", .channel_name = "B", .number = "1"},
             {.tvg_id = "a", .channel_name = "A & Co", .tvg_logo = "http://l/a.png", .number = "2"},
             {.tvg_id = "none", .channel_name = "None", .number = "3"}},
            {epg_source("g", tv(show("a", "One") +
                                "<channel id=\"a\"><display-name lang=\"en\">Alpha"
                                "</display-name><icon src=\"x\"/><url>u</url></channel>"
                                "<channel id=\"b\"><display-name>B</display-name>"
                                "</channel><channel id=\"z\"/>" +
                                show("z", "Zed") + show("b", "Two")))})
          .make();
  EXPECT_EQ(guide.guide,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<!DOCTYPE tv SYSTEM \"xmltv.dtd\">\n"
            "<tv generator-info-name=\"m3u-proxy\">\n"
            "  <channel id=\"b\">\n"
            "    <display-name>B</display-name>\n"
            "    <display-name>1</display-name>\n"
            "  </channel>\n"
            "  <channel id=\"a\">\n"
            "    <display-name>A &amp; Co</display-name>\n"
            "    <display-name lang=\"en\">Alpha</display-name>\n"
            "    <display-name>2</display-name>\n"
            "    <icon src=\"http://l/a.png\"/>\n"
            "    <url>u</url>\n"
            "  </channel>\n"
            "  <programme start=\"20260101120000 +0000\" stop=\"20260101130000 +0000\" "
            "channel=\"a\"><title>One</title></programme>\n"
            "  <programme start=\"20260101120000 +0000\" stop=\"20260101130000 +0000\" "
            "channel=\"b\"><title>Two</title></programme>\n"
            "</tv>\n");
  EXPECT_EQ(guide.result.channels, 2U);
  EXPECT_EQ(guide.result.programmes, 2U);
  EXPECT_EQ(guide.result.matched, 2U);
  EXPECT_EQ(guide.result.of, 3U);
  EXPECT_THAT(guide.result.unmatched_sample, ElementsAre("none"));
  EXPECT_EQ(guide.result.sources[0].items, 3U);
  EXPECT_EQ(guide.result.sources[0].written, 2U);
  EXPECT_EQ(guide.result.problems.total(), 0U);
  EXPECT_EQ(guide.left.count, 0U);
}

TEST(Guide, EverythingInAKeptProgrammePassesThroughByteForByte) {
  const std::string programme =
      "<programme  channel='a' start=\"20260101120000\"\n stop='20260101130000 BST' "
      "clumpidx=\"0/2\" "
      "x:y=\"1\">\r\n<title lang=\"de\">Ä</title><title lang='en'>A</title><live/><credits>"
      "<actor role=\"x\">Y</actor></credits><episode-num system=\"xmltv_ns\"> 1 . 2/3 . "
      "</episode-num>"
      "<!-- note --><desc><![CDATA[1 < 2 & 3]]></desc><rating system='z'><value>PG</value></rating>"
      "<made-up deep=\"1\"><b>x</b></made-up><?pi x?>\n</programme>";
  auto guide = maker({{.tvg_id = "a"}}, {epg_source("g", tv(programme))}).make();
  EXPECT_THAT(guide.body(), HasSubstr("\n  " + programme + "\n"));
}

TEST(Guide, ProgrammesOfAnUndeclaredChannelGetOneMadeForThem) {
  auto guide = maker({{.tvg_id = "a", .channel_name = "A"}, {.tvg_id = "b"}},
                     {epg_source("g", tv(show("a", "1") + show("a", "2") + "<channel id='b'/>"))})
                   .make();
  EXPECT_THAT(channels_of(guide.guide), ElementsAre("a", "b"));
  EXPECT_EQ(guide.result.problems.of("undeclared_channel"), 1U);
}

TEST(Guide, ToleratedFaultsAreCountedWithTheirPlace) {
  const std::string text =
      tv("<channel id='a'><display-name>A & B</display-name></channel><channel id='a'/>"
         "<programme start='20260101120000' channel='a'><title>Tom & J\x01&eacute;&bogus;</title>"
         "</programme><programme start='20260101120000' stop='x' channel='a'/>"
         "<programme start='soon' channel='a'/><programme start='20260101' stop='20260102' "
         "channel='a'><title>broken</programme>" +
         show("a", "ok"));
  auto guide = maker({{.tvg_id = "a"}}, {epg_source("g", text)}).make();
  EXPECT_EQ(guide.result.programmes, 3U);
  EXPECT_THAT(guide.body(), HasSubstr("<title>Tom &amp; Jé&amp;bogus;</title>"));
  EXPECT_THAT(guide.body(), HasSubstr("<display-name>A &amp; B</display-name>"));
  EXPECT_THAT(guide.body(), Not(HasSubstr("stop='x'")));
  for (const auto& [reason, count] :
       std::map<std::string_view, std::uint64_t>{{"bare_ampersand", 2},
                                                 {"duplicate_channel", 1},
                                                 {"control_character", 1},
                                                 {"html_entity", 1},
                                                 {"unknown_entity", 1},
                                                 {"missing_stop", 1},
                                                 {"bad_stop", 1},
                                                 {"missing_title", 1},
                                                 {"bad_start", 1},
                                                 {"mismatched_end_tag", 1}})
    EXPECT_EQ(guide.result.problems.of(reason), count) << reason;
  for (const ProblemSample& sample : guide.result.problems.samples()) {
    EXPECT_EQ(sample.source, "g");
    if (sample.reason == "mismatched_end_tag") {
      EXPECT_EQ(sample.byte, text.find("<programme start='20260101' "));
    }
  }
}

TEST(Guide, TruncatedSourceIsUsedAndPartial) {
  const std::string text = "<tv><channel id='a'/>" + show("a", "1") + "<programme start='2026";
  auto guide = maker({{.tvg_id = "a"}}, {epg_source("g", text)}).make();
  EXPECT_EQ(guide.result.programmes, 1U);
  EXPECT_TRUE(guide.result.sources[0].partial);
  EXPECT_FALSE(guide.result.sources[0].failed);
  EXPECT_THAT(guide.result.sources[0].error, HasSubstr("breaks off"));
}

TEST(Guide, SourceThatFailsWhileReadingIsUsedAsFarAsItCame) {
  EpgSource source = epg_source("g", "");
  source.open = []() -> Result<std::unique_ptr<io::ByteSource>> {
    return std::make_unique<io::FailingSource>(
        std::make_unique<io::MemorySource>("<tv>" + show("a", "1") + "<prog"),
        Error{.code = ErrorCode::kNetwork, .message = "connection lost"});
  };
  auto guide = maker({{.tvg_id = "a"}}, {source}).make();
  EXPECT_EQ(guide.result.programmes, 1U);
  EXPECT_TRUE(guide.result.sources[0].partial);
  EXPECT_EQ(guide.result.sources[0].error, "connection lost");
}

TEST(Guide, BadSourceIsReportedAndTheOthersGoOn) {
  auto guide = maker({{.tvg_id = "a"}}, {epg_source("bad", "<html><body>Sorry"),
                                         epg_source("good", tv(show("a", "1")))})
                   .make();
  EXPECT_FALSE(guide.result.failed);
  EXPECT_TRUE(guide.result.sources[0].failed);
  EXPECT_THAT(guide.result.sources[0].error, HasSubstr("HTML page: \"<html><body>Sorry\""));
  EXPECT_EQ(guide.result.programmes, 1U);
}

TEST(Guide, WhenEverySourceFailsNothingIsWritten) {
  for (const GuideMatch match : {GuideMatch::kId, GuideMatch::kName}) {
    auto bad = maker({{.tvg_id = "a"}}, {epg_source("a", "{}"), epg_source("b", "")});
    bad.options.match = match;
    const auto guide = bad.make();
    EXPECT_TRUE(guide.result.failed);
    EXPECT_EQ(guide.guide, "");
  }
}

TEST(GuideMatching, ByIdIsExact) {
  auto guide = maker({{.tvg_id = "BBC1.uk", .channel_name = "One"},
                      {.tvg_id = "two", .tvg_name = "BBC Two"},
                      {.tvg_id = "A&E"},
                      {.tvg_id = "ITV"}},
                     {epg_source("g", tv("<channel id='bbc1.uk'><display-name>x</display-name>"
                                         "</channel><channel id='b2'><display-name>bbc_two"
                                         "</display-name></channel>" +
                                         show("bbc1.uk", "1") + show("b2", "2") +
                                         show("A&amp;E", "3") + show(" ITV ", "4")))})
                   .make();
  EXPECT_THAT(ids_of(guide.body(), "channel=\""), ElementsAre("A&amp;E", "ITV"));
  EXPECT_EQ(guide.result.matched, 2U);
  EXPECT_EQ(guide.result.more_with_casefold, 1U);
  EXPECT_EQ(guide.result.more_with_name, 2U);
  EXPECT_THAT(guide.result.unmatched_sample, ElementsAre("BBC1.uk", "two"));
}

TEST(GuideMatching, ControlCharactersInIdsMakeNoDifference) {
  GuideMaker maker;
  maker.channels = {{.tvg_id = std::string_view("a\0", 2)}, {.tvg_id = "b"}, {.tvg_id = "c&#65;"}};
  maker.sources = {epg_source("g",
                              "<tv><channel id=\"a\"/><channel id=\"b\x01\"/>"
                              "<channel id=\"c&#\x07\x36\x35;\"/></tv>")};
  const std::string guide = maker.make().guide;
  EXPECT_THAT(guide, HasSubstr("<channel id=\"a\">"));
  EXPECT_THAT(guide, HasSubstr("<channel id=\"b\">"));
  EXPECT_THAT(guide, HasSubstr("<channel id=\"c&amp;#65;\">"));
}

TEST(GuideMatching, ChannelsWithoutIdCountForWhatNamesWouldGive) {
  const auto guide =
      maker({{.tvg_id = "one", .channel_name = "One"},
             {.channel_name = "BBC One"},
             {.tvg_name = "bbc_two", .channel_name = "x"},
             {.channel_name = "Nobody's"}},
            {epg_source("g", tv("<channel id='one'><display-name>BBC One</display-name></channel>"
                                "<channel id='2'><display-name>BBC Two</display-name></channel>" +
                                show("one", "1")))})
          .make();
  EXPECT_EQ(guide.result.matched, 1U);
  EXPECT_EQ(guide.result.of, 1U);
  EXPECT_EQ(guide.result.more_with_casefold, 0U);
  EXPECT_EQ(guide.result.more_with_name, 2U);
  EXPECT_THAT(guide.result.unmatched_sample, ElementsAre());
  EXPECT_THAT(channels_of(guide.guide), ElementsAre("one"));
}

TEST(GuideMatching, AChannelWithItsOwnIdInTheGuideWouldNotTakeAnothers) {
  const auto guide =
      maker({{.tvg_id = "a", .channel_name = "A"}},
            {epg_source("g", tv("<channel id='a'/><channel id='A'><display-name>A</display-name>"
                                "</channel>" +
                                show("A", "1")))})
          .make();
  EXPECT_EQ(guide.result.more_with_casefold, 0U);
  EXPECT_EQ(guide.result.more_with_name, 0U);
}

TEST(GuideMatching, CaseFoldIsWithoutCaseAndWritesThePlaylistsId) {
  auto fold = maker({{.tvg_id = "BBC1.uk"}, {.tvg_id = "ÄRD"}, {.tvg_id = "x", .tvg_name = "y"}},
                    {epg_source("g", tv("<channel id='bbc1.UK'/><channel id='q'><display-name>Y"
                                        "</display-name></channel>" +
                                        show("bbc1.UK", "1") + show("ärd", "2")))});
  fold.options.match = GuideMatch::kCaseFold;
  const auto guide = fold.make();
  EXPECT_THAT(ids_of(guide.body(), "channel=\""), ElementsAre("BBC1.uk", "ÄRD"));
  EXPECT_THAT(channels_of(guide.guide), ElementsAre("BBC1.uk", "ÄRD"));
  EXPECT_EQ(guide.result.more_with_casefold, 0U);
  EXPECT_EQ(guide.result.more_with_name, 1U);
}

TEST(GuideMatching, ExactIdWinsOverAnotherCase) {
  auto fold = maker({{.tvg_id = "a"}}, {epg_source("g", tv(show("A", "no") + show("a", "yes")))});
  fold.options.match = GuideMatch::kCaseFold;
  EXPECT_THAT(shows_of(fold.make().guide), ElementsAre("yes"));
}

TEST(GuideMatching, NamesAreTriedInKodisOrder) {
  auto names = maker(
      {{.tvg_id = "1", .tvg_name = "Das_Erste HD", .channel_name = "ZDF"},
       {.tvg_id = "2", .tvg_name = "nobody", .channel_name = "das erste hd"},
       {.tvg_id = "zdf.de", .tvg_name = "ARD", .channel_name = "ARD"},
       {.tvg_id = "4", .tvg_name = "", .channel_name = "Nobody else"}},
      {epg_source("g", tv("<channel id='ard.de'><display-name>ARD</display-name><display-name>"
                          "DAS ERSTE_hd</display-name></channel><channel id='ZDF.de'>"
                          "<display-name>ZDF</display-name></channel>" +
                          show("ard.de", "Tagesschau") + show("ZDF.de", "heute")))});
  names.options.match = GuideMatch::kName;
  const auto guide = names.make();
  EXPECT_THAT(ids_of(guide.body(), "channel=\""), ElementsAre("1", "2", "zdf.de"));
  EXPECT_THAT(shows_of(guide.guide), ElementsAre("Tagesschau", "Tagesschau", "heute"));
  EXPECT_EQ(guide.result.matched, 3U);
  EXPECT_THAT(guide.result.unmatched_sample, ElementsAre("4"));
}

TEST(GuideMatching, SeveralChannelsWithOneIdShareIt) {
  auto guide = maker({{.tvg_id = "a", .channel_name = "A HD", .number = "1"},
                      {.tvg_id = "a", .channel_name = "A SD", .number = "2"}},
                     {epg_source("g", tv(show("a", "1")))})
                   .make();
  EXPECT_THAT(channels_of(guide.guide), ElementsAre("a"));
  EXPECT_THAT(guide.guide, HasSubstr("A HD"));
  EXPECT_EQ(guide.result.programmes, 1U);
  EXPECT_EQ(guide.result.matched, 2U);
}

TEST(GuideMatching, AllChannelsWritesThoseWithoutAGuideToo) {
  auto all = maker({{.tvg_id = "a"}, {.tvg_id = "b", .channel_name = "B"}},
                   {epg_source("g", tv(show("a", "1")))});
  all.options.all_channels = true;
  EXPECT_THAT(channels_of(all.make().guide), ElementsAre("a", "b"));
}

TEST(GuideMatching, UnmatchedSampleIsBounded) {
  std::vector<std::string> ids;
  ids.reserve(150);
  for (int i = 0; i < 150; ++i) ids.push_back(fmt::format("c{}", i));
  std::vector<GuideChannel> channels;
  channels.reserve(ids.size());
  for (const std::string& id : ids) channels.push_back({.tvg_id = id});
  const auto guide = maker(channels, {epg_source("g", tv("<channel id='x'/>"))}).make();
  EXPECT_EQ(guide.result.unmatched_sample.size(), 100U);
  EXPECT_EQ(guide.result.unmatched_sample[99], "c99");
  EXPECT_EQ(guide.result.of, 150U);
}

TEST(GuideWindow, KeepsWhatOverlapsIt) {
  // now = noon of January 1st; from noon of December 31st to noon of January 8th
  auto window =
      maker({{.tvg_id = "a"}},
            {epg_source("g", tv(show("a", "ended", "20251231100000", "20251231120000") +
                                show("a", "runs in", "20251231100000", "20251231120001") +
                                show("a", "runs out", "20260108115959", "20260108130000") +
                                show("a", "after", "20260108120000", "20260108130000") +
                                show("a", "around", "20251201000000", "20260201000000")))});
  EXPECT_EQ(window.make().result.programmes, 5U);  // no window: everything
  window.options.window = true;
  EXPECT_THAT(shows_of(window.make().guide), ElementsAre("runs in", "runs out", "around"));
  window.options.days_behind = 0;
  window.options.days_ahead = 30;
  EXPECT_THAT(shows_of(window.make().guide), ElementsAre("runs out", "after", "around"));
  window.options.include_past_programmes = true;
  EXPECT_EQ(window.make().result.programmes, 5U);
}

TEST(GuideWindow, ProgrammeWithoutStopCountsAsSixHours) {
  auto window =
      maker({{.tvg_id = "a"}},
            {epg_source("g", tv("<programme channel='a' start='20251231070000'><title>"
                                "in</title></programme><programme channel='a' "
                                "start='20251231055959'><title>out</title></programme>"))});
  window.options.window = true;
  EXPECT_THAT(shows_of(window.make().guide), ElementsAre("in"));
}

TEST(GuideWindow, ChannelWithoutProgrammeInItIsStillDeclared) {
  auto window =
      maker({{.tvg_id = "a"}},
            {epg_source("g", tv("<channel id='a'/>" + show("a", "old", "20200101", "20200102")))});
  window.options.window = true;
  const auto guide = window.make();
  EXPECT_THAT(channels_of(guide.guide), ElementsAre("a"));
  EXPECT_EQ(guide.result.matched, 0U);
}

TEST(EpgSources, FirstWithAProgrammeInTheWindowProvidesAllOfAChannel) {
  auto several = maker(
      {{.tvg_id = "a"}, {.tvg_id = "b"}, {.tvg_id = "c"}},
      {epg_source("one", tv("<channel id='a'><url>1</url></channel><channel id='b'><url>1</url>"
                            "</channel>" +
                            show("a", "a1") + show("b", "old", "20200101", "20200102"))),
       epg_source("two", tv("<channel id='b'><url>2</url></channel>" + show("a", "a2") +
                            show("b", "b2") + show("b", "b3") + show("c", "c2"))),
       epg_source("three", tv(show("b", "b4")))});
  several.options.window = true;
  const auto guide = several.make();
  EXPECT_THAT(shows_of(guide.guide), ElementsAre("a1", "b2", "b3", "c2"));
  EXPECT_THAT(guide.guide, HasSubstr("<url>1</url>"));
  EXPECT_THAT(guide.guide, HasSubstr("<url>2</url>"));
  EXPECT_EQ(guide.result.sources[1].written, 3U);
  EXPECT_EQ(guide.result.sources[2].written, 0U);
}

TEST(EpgSources, NewestDateOfThemIsWritten) {
  const std::string inside = "><channel id='x'/></tv>";
  auto guide = maker({}, {epg_source("a", "<tv date='20260101'" + inside),
                          epg_source("b", "<tv date='20260301120000 +0100'" + inside),
                          epg_source("c", "<tv date='never'" + inside)})
                   .make();
  EXPECT_THAT(guide.guide, HasSubstr("<tv date=\"20260301120000 +0100\" generator-info-name"));
}

TEST(EpgSources, DeclaredEncodingIsObeyed) {
  auto guide =
      maker({{.tvg_id = "a"}}, {epg_source("g", "<?xml version='1.0' encoding='ISO-8859-15'?><tv>" +
                                                    show("a", "caf\xE9 \xA4") + "</tv>")})
          .make();
  EXPECT_THAT(shows_of(guide.guide), ElementsAre("café €"));
}

TEST(GuideTimes, OffsetMovesTimesAndKeepsTheZone) {
  auto guide =
      maker({{.tvg_id = "a"}},
            {epg_source("g", tv(show("a", "1", "20260101233000 +0100", "20260102000000")), 5400)})
          .make();
  EXPECT_THAT(guide.body(), HasSubstr("start=\"20260102010000 +0100\" stop=\"20260102013000\""));
}

TEST(GuideTimes, NormalizedToUtcOnRequest) {
  auto utc = maker({{.tvg_id = "a"}},
                   {epg_source("g", tv(show("a", "1", "20260101120000 BST", "2026010113")))});
  utc.options.normalize_to_utc = true;
  EXPECT_THAT(utc.make().body(),
              HasSubstr("start=\"20260101110000 +0000\" stop=\"20260101130000 +0000\""));
}

TEST(GuideTimes, AppliedShiftGivesAChannelItsOwnIdAndMovedProgrammes) {
  auto shifted = maker({{.tvg_id = "a", .channel_name = "A"},
                        {.tvg_id = "a", .channel_name = "A +1", .tvg_shift = "1"},
                        {.tvg_id = "a", .channel_name = "A -2.5", .tvg_shift = "-2.5"}},
                       {epg_source("g", tv("<channel id='a'/>" + show("a", "1")))});
  const auto emitted = shifted.make();
  EXPECT_THAT(channels_of(emitted.guide), ElementsAre("a"));
  EXPECT_EQ(emitted.result.programmes, 1U);
  shifted.options.tvg_shift = TvgShift::kApply;
  const auto guide = shifted.make();
  EXPECT_THAT(channels_of(guide.guide), ElementsAre("a", "a+1h", "a-2.5h"));
  EXPECT_THAT(guide.body(), HasSubstr("start=\"20260101130000 +0000\" stop=\"20260101140000 "
                                      "+0000\" channel=\"a+1h\""));
  EXPECT_THAT(guide.body(), HasSubstr("start=\"20260101093000 +0000\" stop=\"20260101103000 "
                                      "+0000\" channel=\"a-2.5h\""));
  EXPECT_EQ(guide.result.matched, 3U);
}

TEST(GuideDuplicateProgrammes, FirstOfTheSameTitleAtAboutTheSameTimeStays) {
  auto twice = maker(
      {{.tvg_id = "a"}, {.tvg_id = "b"}},
      {epg_source("g", tv(show("a", "News", "20260101120000", "20260101130000") +
                          show("a", "NEWS", "20260101120500", "20260101131000") +   // a duplicate
                          show("a", "news", "20260101115500", "20260101125000") +   // a duplicate
                          show("a", "News", "20260101120501", "20260101130000") +   // start too far
                          show("a", "News", "20260101120000", "20260101134001") +   // stop too far
                          show("a", "Sport", "20260101120000", "20260101130000") +  // other title
                          show("b", "News", "20260101120000", "20260101130000")))});
  EXPECT_EQ(twice.make().result.programmes, 7U);
  twice.options.deduplicate_programmes = true;
  const auto guide = twice.make();
  EXPECT_THAT(shows_of(guide.guide), ElementsAre("News", "News", "News", "Sport", "News"));
  EXPECT_EQ(guide.result.problems.of("duplicate_programme"), 2U);
  EXPECT_EQ(guide.result.programmes, 5U);
}

TEST(GuideOutput, SameBytesForAnyThreadsAndWindows) {
  std::string text;
  for (int i = 0; i < 400; ++i) {
    text += fmt::format("<channel id='c{}'><display-name>C {}</display-name></channel>", i % 50, i);
    text += show(fmt::format("c{}", i % 60), fmt::format("T & {}", i),
                 fmt::format("20260101{:02}{:02}00 +0100", i % 24, i % 60), "20260103");
    if (i % 7 == 0) text += "<programme start='2026' channel='c1'>";
  }
  std::vector<std::string> ids;
  ids.reserve(55);
  for (int i = 0; i < 55; ++i) ids.push_back(fmt::format("{}{}", i % 2 == 0 ? 'c' : 'C', i));
  std::vector<GuideChannel> channels;
  channels.reserve(ids.size());
  for (const std::string& id : ids) channels.push_back({.tvg_id = id, .channel_name = id});
  auto reference = maker(channels, {epg_source("a", tv(text), 60), epg_source("b", tv(text))});
  reference.options.match = GuideMatch::kCaseFold;
  reference.options.deduplicate_programmes = true;
  const auto expected = reference.make();
  EXPECT_GT(expected.result.programmes, 300U);
  for (const std::size_t threads : {1U, 2U, 4U})
    for (const std::size_t chunk : {1U, 100U, 3000U, 1U << 20U}) {
      reference.threads = threads;
      reference.options.chunk_bytes = chunk;
      const auto made = reference.make();
      EXPECT_TRUE(made.guide == expected.guide) << threads << " threads, " << chunk;
      EXPECT_EQ(made.result.problems.by_reason(), expected.result.problems.by_reason());
    }
}

TEST(GuideOutput, LargeGuideGoesThroughATemporaryFileInBoundedMemory) {
  std::string text;
  const std::string filler(1000, 'x');
  for (int i = 0; i < 20000; ++i) text += show("a", fmt::format("{}{}", i, filler));
  auto large = maker({{.tvg_id = "a"}}, {epg_source("g", tv(text))});
  large.threads = 2;
  large.limit = mib(16);
  const auto guide = large.make();
  ASSERT_FALSE(guide.error.has_value()) << to_string(*guide.error);
  EXPECT_EQ(guide.result.programmes, 20000U);
  EXPECT_GT(guide.guide.size(), std::size_t{20} << 20U);
  EXPECT_TRUE(guide.guide.ends_with("</programme>\n</tv>\n"));
  EXPECT_LE(guide.peak.count, mib(16).count);
  EXPECT_EQ(guide.left.count, 0U);
}

/// What `sources` give for the channels a, b and c: all in one window or in many.
void expect_same_for_any_windows(std::vector<EpgSource> sources, const std::string& expected) {
  auto large = maker({{.tvg_id = "a"}, {.tvg_id = "b"}, {.tvg_id = "c"}}, std::move(sources));
  for (const std::size_t threads : {1U, 3U}) {
    large.threads = threads;
    const auto guide = large.make();
    ASSERT_FALSE(guide.error.has_value()) << to_string(*guide.error);
    EXPECT_TRUE(guide.guide == expected) << threads << " threads: " << guide.guide.substr(0, 400);
  }
}

/// More programmes of channel "a" than GuideText keeps in memory, as the source has them and as
/// they are written.
struct ManyShows {
  std::string source;
  std::string written;
};
const ManyShows& many_shows() {
  static const ManyShows kShows = [] {
    ManyShows made;
    const std::string filler(1000, 'x');
    for (int i = 0; i < 10000; ++i) {
      const std::string one = show("a", fmt::format("{}{}", i, filler));
      made.source += one;
      made.written += "  " + one + "\n";
    }
    return made;
  }();
  return kShows;
}

std::string guide_of(const std::string& attributes, const std::string& content) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE tv SYSTEM \"xmltv.dtd\">\n<tv" +
         attributes + " generator-info-name=\"m3u-proxy\">\n" + content + "</tv>\n";
}
std::string channel_named(const std::string& id) {
  return fmt::format("  <channel id=\"{0}\">\n    <display-name>{0}</display-name>\n  </channel>\n",
                     id);
}

TEST(GuideOutput, LargeGuideWhoseChannelsComeFirst) {
  expect_same_for_any_windows(
      {epg_source("g", tv("<channel id='a'/><channel id='b'/>" + many_shows().source))},
      guide_of("", channel_named("a") + channel_named("b") + many_shows().written));
}

TEST(GuideOutput, ChannelDeclaredAfterManyProgrammesIsListedInItsPlace) {
  expect_same_for_any_windows(
      {epg_source("g", tv("<channel id='c'/>" + many_shows().source + show("b", "late") +
                          "<channel id='b'><url>u</url></channel>"))},
      guide_of("", channel_named("a") +
                       "  <channel id=\"b\">\n    <display-name>b</display-name>\n    "
                       "<url>u</url>\n  </channel>\n" +
                       channel_named("c") + many_shows().written + "  " + show("b", "late") +
                       "\n"));
}

TEST(GuideOutput, UndeclaredChannelAfterManyProgrammesIsListedToo) {
  expect_same_for_any_windows({epg_source("g", tv("<channel id='c'/>" + many_shows().source +
                                                  show("b", "late") + many_shows().source))},
                              guide_of("", channel_named("a") + channel_named("b") +
                                               channel_named("c") + many_shows().written + "  " +
                                               show("b", "late") + "\n" + many_shows().written));
}

TEST(GuideOutput, DateOfASecondDocumentStandsInTheHead) {
  expect_same_for_any_windows(
      {epg_source("g", tv("<channel id='a'/>" + many_shows().source) + "<tv date=\"20260102\">" +
                           show("a", "late") + "</tv>")},
      guide_of(" date=\"20260102\"",
               channel_named("a") + many_shows().written + "  " + show("a", "late") + "\n"));
}

TEST(GuideOutput, LaterSourceAddsItsChannelsToALargeGuide) {
  expect_same_for_any_windows(
      {epg_source("g", tv("<channel id='a'/>" + many_shows().source)),
       epg_source("h", tv("<channel id='b'/>" + show("b", "other")))},
      guide_of("", channel_named("a") + channel_named("b") + many_shows().written + "  " +
                       show("b", "other") + "\n"));
}

TEST(GuideOutput, LackOfMemoryIsNeverABadSource) {
  std::vector<std::string> ids;
  ids.reserve(100000);
  for (int i = 0; i < 100000; ++i) ids.push_back(fmt::format("channel-number-{}", i));
  std::vector<GuideChannel> channels;
  channels.reserve(ids.size());
  for (const std::string& id : ids) channels.push_back({.tvg_id = id, .channel_name = id});
  auto small = maker(channels, {epg_source("g", tv(show("a", "1")))});
  const auto expect_refusal = [&](std::uint64_t limit) {
    small.limit = kib(limit);
    const auto guide = small.make();
    ASSERT_TRUE(guide.error.has_value()) << limit;
    EXPECT_EQ(guide.error->code, ErrorCode::kOverBudget) << limit;
    EXPECT_EQ(guide.left.count, 0U);
  };
  for (const std::uint64_t limit : {64U, 512U}) expect_refusal(limit);
  small.may_spill = false;
  for (const std::uint64_t limit : {64U, 512U, 2048U, 4096U}) expect_refusal(limit);
}

TEST(GuideOutput, AFullDiskIsNeverABadSource) {
  EpgSource source;
  source.name = "g";
  source.open = []() -> Result<std::unique_ptr<io::ByteSource>> {
    return std::make_unique<io::FailingSource>(
        std::make_unique<io::MemorySource>("<tv>" + show("a", "1")),
        Error{.code = ErrorCode::kDiskFull, .message = "full"});
  };
  const auto guide = maker({{.tvg_id = "a"}}, {source}).make();
  ASSERT_TRUE(guide.error.has_value());
  EXPECT_EQ(guide.error->code, ErrorCode::kDiskFull);
}

TEST(GuideOutput, CancelStopsTheJob) {
  for (const GuideMatch match : {GuideMatch::kId, GuideMatch::kName}) {
    auto cancelled = maker({{.tvg_id = "a"}}, {epg_source("g", tv(show("a", "1")))});
    cancelled.options.match = match;
    cancelled.cancelled = true;
    const auto guide = cancelled.make();
    ASSERT_TRUE(guide.error.has_value());
    EXPECT_EQ(guide.error->code, ErrorCode::kCancelled);
  }
}

TEST(GuideOutput, StrictDtdIsAlwaysValid) {
  auto strict = maker(
      {{.tvg_id = "a", .channel_name = "A", .number = "1"}},
      {epg_source("g", tv("<channel id='a' x='y'><lcn>1</lcn></channel><programme start='2026' "
                          "channel='a' live='1'><live/><category>C</category><desc>D</desc>"
                          "</programme>"))});
  strict.options.strict_dtd = true;
  const auto guide = strict.make();
  EXPECT_EQ(guide.body(),
            "  <channel id=\"a\">\n    <display-name>A</display-name>\n    <display-name>1"
            "</display-name>\n  </channel>\n  <programme start='2026' channel='a'>\n    <title>"
            "</title>\n    <desc>D</desc>\n    <category>C</category>\n  </programme>\n");
}

}  // namespace
}  // namespace m3u_proxy::guide
