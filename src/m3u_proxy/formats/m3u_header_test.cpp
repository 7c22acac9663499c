#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/formats/m3u_testing.hpp>

namespace m3u_proxy::formats {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

Result<M3uHeader> header_of(std::string_view text) {
  ProblemLog problems;
  return read_m3u_header(text, problems);
}

TEST(M3uHeader, GuideUrlsAreACommaSeparatedList) {
  const auto header =
      header_of("#EXTM3U x-tvg-url=\"http://a, http://b\" url-tvg=\"http://a\"\nhttp://c\n");
  ASSERT_TRUE(header);
  EXPECT_THAT(header->guide_urls, ElementsAre("http://a", "http://b"));
}

TEST(M3uHeader, DefaultsAreTheKnownOnesAndEachOnce) {
  std::string line = "#EXTM3U catchup=\"append\" catchup=\"shift\"";
  for (int i = 0; i < 20000; ++i) line += " catchup" + std::to_string(i) + "=\"x\"";
  const auto header = header_of(line + "\nhttp://c\n");
  ASSERT_TRUE(header);
  EXPECT_THAT(header->catchup, ElementsAre(Pair("catchup", "append")));
}

TEST(M3uHeader, AnInvalidHeaderLineIsReadAsWindows1252) {
  const auto header = header_of("#EXTM3U catchup-source=\"http://x/\xE9\"\nhttp://c\n");
  ASSERT_TRUE(header);
  EXPECT_THAT(header->catchup, ElementsAre(Pair("catchup-source", "http://x/é")));
}

TEST(M3uHeader, AHeaderWithoutEntriesIsRefused) {
  const auto header = header_of("#EXTM3U\n");
  ASSERT_FALSE(header);
  EXPECT_EQ(header.error().message, "the playlist has no channels");
}

TEST(M3uHeader, WithoutHeaderAnExtinfIsEnough) {
  const auto header = header_of("#EXTINF:-1,A\nhttp://a\n");
  ASSERT_TRUE(header);
  EXPECT_FALSE(header->present);
}

std::string refusal(std::string_view text) {
  const auto header = header_of(text);
  return header ? "accepted" : header.error().message;
}

TEST(M3uHeader, WhatIsNoPlaylistIsRefusedWithItsFirstWords) {
  EXPECT_THAT(refusal("<!DOCTYPE html><html><title>Log in</title>"),
              HasSubstr("found an HTML or XML page: \"<!DOCTYPE html><html><title>Log in"));
  EXPECT_THAT(refusal("{\"error\":\"expired\"}"), HasSubstr("found JSON: \"{\"error\""));
  EXPECT_THAT(refusal("#EXTM3U\n#EXT-X-TARGETDURATION:8\n"), HasSubstr("an HLS playlist"));
  EXPECT_THAT(refusal("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n"),
              HasSubstr("an HLS playlist"));
  EXPECT_THAT(refusal(" \n "), HasSubstr("the source is empty"));
  EXPECT_THAT(refusal("hello world"), HasSubstr("without any #EXTINF line: \"hello world\""));
}

TEST(M3uHeader, SegmentsBehindATagOfOneStreamAreNoChannels) {
  for (const char* tag :
       {"#EXT-X-MEDIA-SEQUENCE:17", "#ext-x-key:METHOD=NONE", "#EXT-X-DISCONTINUITY",
        "#EXT-X-MAP:URI=\"i.mp4\"", "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00Z"}) {
    const std::string begin = "#EXTM3U\n#EXT-X-VERSION:3\n" + std::string(tag) + "\n";
    for (const char* segment : {"#EXTINF:9.9,", "#EXTINF:10", "#EXTINF:4 tvg-id=\"\",x"})
      EXPECT_THAT(refusal(begin + segment + "\nseg1.ts\n"), HasSubstr("an HLS playlist")) << tag;
    EXPECT_THAT(refusal("#EXTM3U\n#EXTINF:4,x\n" + std::string(tag) + "\nhttp://h/seg1.ts\n"),
                HasSubstr("an HLS playlist"))
        << tag;
    for (const char* channel : {"#EXTINF:-1,A", "#EXTINF:0,A", "#EXTINF:0.0,A", "#EXTINF:,A",
                                "#EXTINF:10 tvg-id=\"a\",A"})
      EXPECT_EQ(refusal(begin + channel + "\nhttp://a\n"), "accepted") << tag << channel;
  }
  EXPECT_EQ(refusal("#EXTM3U\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:90,Film\nhttp://a\n"), "accepted");
  EXPECT_EQ(refusal("#EXTM3U\n#EXTINF:90,A\nhttp://a\n#EXT-X-KEY:x\n#EXTINF:90,B\nhttp://b\n"),
            "accepted");
}

TEST(M3uHeader, CommasSeparateAttributesForThereIsNoName) {
  for (const char* line :
       {"#EXTM3U, url-tvg=\"http://g\", tvg-shift=\"1\"", "#EXTM3U url-tvg=http://g,tvg-shift=1",
        "#EXTM3U url-tvg='http://g'，tvg-shift='1',",
        "#EXTM3U ,, url-tvg=\"http://g\" , tvg-shift=1"}) {
    const auto header = header_of(std::string(line) + "\n#EXTINF:-1,A\nhttp://a\n");
    ASSERT_TRUE(header) << line;
    EXPECT_THAT(header->guide_urls, ElementsAre("http://g")) << line;
    EXPECT_EQ(header->tvg_shift, "1") << line;
  }
}

TEST(M3uHeader, AHeaderInsideOneMayHaveSingleQuotes) {
  const auto header =
      header_of("#EXTM3U url-tvg='#EXTM3U url-tvg='http://g''\n#EXTINF:-1,A\nhttp://a\n");
  ASSERT_TRUE(header);
  EXPECT_THAT(header->guide_urls, ElementsAre("http://g"));
}

TEST(M3uHeader, ControlCharactersOfARefusedTextAreNotShown) {
  EXPECT_THAT(refusal(std::string_view("\x01\x1b[2J\xff bad", 10)),
              testing::Not(HasSubstr("\x1b")));
}

TEST(M3uHeader, EveryHeaderLineBeforeTheFirstEntryBelongsToIt) {
  const ReadList list = read_text(
      "#EXTM3U name=\"x\"\n#EXTM3U x-tvg-url=\"http://g\" tvg-shift=\"1\"\n\n# c\n"
      "#EXTM3U catchup=\"xc\" tvg-shift=\"2\"\n#EXTINF:-1,A\nhttp://a\n#EXTM3U catchup=\"no\"\n"
      "#EXTINF:-1,B\nhttp://b\n");
  EXPECT_EQ(list.channels[1].shift, "1");
  EXPECT_THAT(list.channels[1].attributes, ElementsAre(Pair("catchup", "xc")));
  EXPECT_EQ(list.problems.of("repeated_header"), 1U);
  EXPECT_EQ(list.problems.of("repeated_attribute"), 1U);  // tvg-shift
}

TEST(M3uHeader, AHeaderBetweenTheFirstExtinfAndItsAddressIsARepeatedOne) {
  const ReadList list = read_text("#EXTINF:-1,A\n#EXTM3U tvg-shift=\"1\"\nhttp://a\n");
  ASSERT_EQ(list.channels.size(), 1U);
  EXPECT_EQ(list.channels[0].shift, "");
  EXPECT_EQ(list.problems.of("repeated_header"), 1U);
}

TEST(M3uHeader, AHeaderInsideAHeaderIsReadToo) {
  for (const char* line :
       {"#EXTM3U url-tvg=\"#EXTM3U url-tvg=\"http://g/\"\"",
        "#EXTM3U #EXTM3U url-tvg=\"http://g/\"", "#EXTM3U#extm3u x-tvg-url='http://g/'",
        "#EXTM3U url-tvg=\"http://g/\" #EXTM3U url-tvg=\"http://g/\""}) {
    const auto header = header_of(std::string(line) + "\n#EXTINF:-1,A\nhttp://a\n");
    ASSERT_TRUE(header);
    EXPECT_THAT(header->guide_urls, ElementsAre("http://g/")) << line;
  }
}

TEST(M3uHeader, CatchupAndCatchupTypeAreOneDefault) {
  const auto header = header_of("#EXTM3U catchup-type=\"xc\" catchup=\"shift\"\nhttp://a\n");
  EXPECT_THAT(header->catchup, ElementsAre(Pair("catchup", "shift")));
  const auto other = header_of("#EXTM3U catchup=\"shift\" catchup-type=\"xc\"\nhttp://a\n");
  EXPECT_THAT(other->catchup, ElementsAre(Pair("catchup", "shift")));
}

TEST(M3uHeader, JunkBeforeTheHeaderIsSkippedAndCounted) {
  for (const char* junk :
       {"<br />\n<b>Warning</b>: x.php on line 3<br />\n", "{\"e\":1}", "junk ", "a/b.php\r\n",
        "\xEF\xBB\xBF\nPHP Notice: http://x/y\n", "\n\nNotice\n\n"}) {
    const ReadList list = read_text(std::string(junk) + "#EXTM3U\n#EXTINF:-1,A\nhttp://a\n");
    ASSERT_EQ(list.channels.size(), 1U) << junk;
    EXPECT_EQ(list.channels[0].name, "A");
    EXPECT_EQ(list.problems.of("junk_before_header"), 1U) << junk;
    EXPECT_EQ(list.problems.total(), 1U) << junk;
  }
}

TEST(M3uHeader, LinesAreNumberedFromTheTopWhateverStandsBeforeTheHeader) {
  const ReadList list =
      read_text("Notice\nNotice\n#EXTM3U\n#EXTINF:-1,A\n#EXTINF:-1,B\nhttp://b\n");
  ASSERT_EQ(list.problems.samples().size(), 2U);
  EXPECT_EQ(list.problems.samples()[1].reason, "extinf_without_url");
  EXPECT_EQ(list.problems.samples()[1].line, 4U);
}

TEST(M3uHeader, BlankLinesAndCommentsBeforeTheHeaderAreNoJunk) {
  const ReadList list = read_text("\n \n# made by x\n#EXTM3U\n#EXTINF:-1,A\nhttp://a\n");
  EXPECT_EQ(list.channels.size(), 1U);
  EXPECT_EQ(list.problems.total(), 0U);
}

TEST(M3uHeader, EntriesBeforeTheHeaderAreNoJunk) {
  const ReadList list = read_text("#EXTINF:-1,A\nhttp://a\n#EXTM3U\n#EXTINF:-1,B\nhttp://b\n");
  EXPECT_EQ(list.channels.size(), 2U);
  EXPECT_EQ(list.problems.of("junk_before_header"), 0U);
}

TEST(M3uHeader, AHeaderBehindTheFirstFourKilobytesDoesNotMakeJunkOfWhatIsBefore) {
  const std::string filler(4096, '\n');
  EXPECT_THAT(refusal("<html>" + filler + "#EXTM3U\n#EXTINF:-1,A\nhttp://a\n"),
              HasSubstr("an HTML or XML page"));
  EXPECT_EQ(refusal("<html>" + filler.substr(16) + "#EXTM3U\n#EXTINF:-1,A\nhttp://a\n"),
            "accepted");
}

TEST(M3uHeader, AHeaderLongerThanTheBeginningIsNoEmptyList) {
  const ReadList list = read_text("#EXTM3U x=\"" + std::string(M3uSplitter::kBeginning, 'x') +
                                  "\"\n#EXTINF:-1,A\nhttp://a\n");
  EXPECT_EQ(list.channels.size(), 1U);
}

TEST(M3uHeader, SpellingsOfTheHeader) {
  for (const char* line :
       {"#extm3u tvg-shift=1", "# EXTM3U tvg-shift=1", "\xC2\xA0#EXTM3U tvg-shift=1",
        "#EXTM3U\ttvg-shift = \"1\"", "#EXTM3U: tvg-shift='1'"}) {
    const auto header = header_of(std::string(line) + "\nhttp://a\n");
    ASSERT_TRUE(header) << line;
    EXPECT_TRUE(header->present) << line;
    EXPECT_EQ(header->tvg_shift, "1") << line;
  }
  EXPECT_FALSE(header_of("# EXTM3U8 of mine\n#EXTINF:-1,A\nhttp://a\n")->present);
}

}  // namespace
}  // namespace m3u_proxy::formats
