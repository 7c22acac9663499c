#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/formats/m3u_testing.hpp>

namespace m3u_proxy::formats {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TestChannel only(const ReadList& list) {
  EXPECT_EQ(list.channels.size(), 1U);
  return list.channels.empty() ? TestChannel{} : list.channels[0];
}

TestChannel read_entry(const std::string& lines) { return only(read_text("#EXTM3U\n" + lines)); }

TEST(M3uReader, ReadsAllFields) {
  const TestChannel channel = read_entry(
      "#EXTINF:-1 tvg-id=\"a.uk\" tvg-name=\"A\" tvg-logo=\"http://l/a.png\" group-title=\"News\" "
      "tvg-chno=\"7\" tvg-shift=\"1\" catchup-days=\"3\",A HD\nhttp://h/a\n");
  EXPECT_EQ(channel, (TestChannel{.name = "A HD",
                                  .id = "a.uk",
                                  .tvg_name = "A",
                                  .logo = "http://l/a.png",
                                  .shift = "1",
                                  .chno = "7",
                                  .group = "News",
                                  .url = "http://h/a",
                                  .duration = "-1",
                                  .attributes = {{"catchup-days", "3"}},
                                  .directives = {}}));
}

TEST(M3uReader, KeysCompareWithoutCaseAndSpellingsFold) {
  const TestChannel channel =
      read_entry("#EXTINF:-1 TVG-ID=\"x\" logo=\"l\" TVH-CHNUM=\"9\",N\nu\n");
  EXPECT_EQ(channel.id, "x");
  EXPECT_EQ(channel.logo, "l");
  EXPECT_EQ(channel.chno, "9");
  for (const char* key : {"tvg-chno", "channel-number", "tvh-chnum", "num", "tvg-channo"})
    EXPECT_EQ(read_entry("#EXTINF:-1 " + std::string(key) + "=\"5\",N\nu\n").chno, "5") << key;
}

TEST(M3uReader, DurationsAreKept) {
  EXPECT_EQ(read_entry("#EXTINF:0,N\nu\n").duration, "0");
  EXPECT_EQ(read_entry("#EXTINF: -1 a=\"b\",N\nu\n").duration, "-1");
  EXPECT_EQ(read_entry("#EXTINF:5.279,N\nu\n").duration, "5.279");
  EXPECT_EQ(read_entry("#EXTINF:,N\nu\n").duration, "");
}

TEST(M3uReader, LineEndsMayBeLfCrlfOrCr) {
  for (const char* end : {"\n", "\r\n", "\r"}) {
    std::string text;
    for (const char* line :
         {"#EXTM3U", "#EXTINF:-1,One", "http://h/1", "#EXTINF:-1,Two", "http://h/2"})
      text += std::string(line) + end;
    const ReadList list = read_text(text);
    ASSERT_EQ(list.channels.size(), 2U);
    EXPECT_EQ(list.channels[1].name, "Two");
    EXPECT_EQ(list.channels[1].url, "http://h/2");
  }
}

TEST(M3uReader, ByteOrderMarkIsNoPartOfTheHeader) {
  const ReadList list =
      read_text("\xEF\xBB\xBF#EXTM3U url-tvg=\"http://g\"\n#EXTINF:-1,N\nhttp://h\n");
  EXPECT_EQ(list.channels.size(), 1U);
  EXPECT_EQ(list.problems.total(), 0U);
}

TEST(M3uReader, InvalidUtf8LineIsReadAsWindows1252AndCounted) {
  const ReadList list =
      read_text("#EXTM3U\n#EXTINF:-1,Caf\xE9 \x80\nhttp://h/1\n#EXTINF:-1,\xD0\x96\nhttp://h/2\n");
  ASSERT_EQ(list.channels.size(), 2U);
  EXPECT_EQ(list.channels[0].name, "Café €");
  EXPECT_EQ(list.channels[1].name, "Ж");
  EXPECT_EQ(list.problems.of("invalid_utf8"), 1U);
  EXPECT_EQ(list.problems.samples()[0].line, 2U);
}

TEST(M3uReader, DirectivesBeforeAndAfterExtinfAreKeptInOrder) {
  const TestChannel channel = read_entry(
      "#EXTVLCOPT:http-user-agent=X\n#EXTINF:-1,N\n#KODIPROP:a=b\n#EXTHTTP:{}\n"
      "#EXT-X-PLAYLIST-TYPE:VOD\nhttp://h\n");
  EXPECT_THAT(channel.directives, ElementsAre("#EXTVLCOPT:http-user-agent=X", "#KODIPROP:a=b",
                                              "#EXTHTTP:{}", "#EXT-X-PLAYLIST-TYPE:VOD"));
}

TEST(M3uReader, DirectivesBelongToOneEntryOnly) {
  const ReadList list =
      read_text("#EXTM3U\n#EXTVLCOPT:a=1\n#EXTINF:-1,A\nhttp://a\n#EXTINF:-1,B\nhttp://b\n");
  EXPECT_EQ(list.channels[0].directives.size(), 1U);
  EXPECT_TRUE(list.channels[1].directives.empty());
}

TEST(M3uReader, ExtgrpGivesTheGroupWhereThereIsNoGroupTitle) {
  const ReadList list = read_text(
      "#EXTM3U\n#EXTINF:-1,A\n#EXTGRP:News\nhttp://a\n"
      "#EXTINF:-1 group-title=\"Own\",B\n#EXTGRP:News\nhttp://b\n#EXTINF:-1,C\nhttp://c\n");
  EXPECT_EQ(list.channels[0].group, "News");
  EXPECT_EQ(list.channels[1].group, "Own");
  EXPECT_EQ(list.channels[2].group, "");
  EXPECT_TRUE(list.channels[0].directives.empty());
}

TEST(M3uReader, ExtgrpWithoutColonIsHarmless) {
  EXPECT_EQ(read_entry("#EXTINF:-1,A\n#EXTGRP\nhttp://a\n").group, "");
}

TEST(M3uReader, CommentsBlankLinesAndDecorationAreSkipped) {
  const ReadList list = read_text(
      "#EXTM3U\n\n# a comment\n=====NEWS=====\n#EXTINF:-1,A\n\n  \t http://a  \n#PLAYLIST:x\n");
  ASSERT_EQ(list.channels.size(), 1U);
  EXPECT_EQ(list.channels[0].url, "http://a");
  EXPECT_EQ(list.problems.total(), 0U);
}

TEST(M3uReader, AnyUrlSchemeRelativeAndWindowsPathsAreKept) {
  for (const char* url :
       {"rtmp://h/x", "udp://@239.0.0.1:1234", "plugin://a/b", "pipe://ffmpeg -i x", "a/b.ts",
        "C:\\tv\\a.ts", "http://h/a|User-Agent=x&Referer=http://y", "srt://h:1"})
    EXPECT_EQ(read_entry("#EXTINF:-1,N\n" + std::string(url) + "\n").url, url);
}

TEST(M3uReader, ExtinfWithoutUrlIsSkippedAndCounted) {
  const ReadList list =
      read_text("#EXTM3U\n#EXTINF:-1,--- NEWS ---\n#EXTINF:-1,A\nhttp://a\n#EXTINF:-1,Last\n");
  ASSERT_EQ(list.channels.size(), 1U);
  EXPECT_EQ(list.channels[0].name, "A");
  EXPECT_EQ(list.problems.of("extinf_without_url"), 2U);
  EXPECT_EQ(list.problems.samples()[0].line, 2U);
  EXPECT_EQ(list.problems.samples()[1].line, 5U);
}

TEST(M3uReader, UrlWithoutExtinfIsNamedAfterItsLastPathComponent) {
  const ReadList list = read_text("#EXTM3U\nhttp://h/live/news.m3u8?t=1\n");
  EXPECT_EQ(only(list).name, "news.m3u8");
  EXPECT_EQ(list.problems.of("url_without_extinf"), 1U);
}

TEST(M3uReader, EmptyNameFallsBackToTvgNameThenIdThenPath) {
  EXPECT_EQ(read_entry("#EXTINF:-1 tvg-name=\"T\" tvg-id=\"I\",\nhttp://h/p\n").name, "T");
  EXPECT_EQ(read_entry("#EXTINF:-1 tvg-id=\"I\", \nhttp://h/p\n").name, "I");
  EXPECT_EQ(read_entry("#EXTINF:-1,\nhttp://h/p/\n").name, "p");
}

TEST(M3uReader, MissingCommaIsCounted) {
  const ReadList list = read_text("#EXTM3U\n#EXTINF:-1  1 $ CHANNEL\nhttp://h\n");
  EXPECT_EQ(only(list).name, "1 $ CHANNEL");
  EXPECT_EQ(list.problems.of("missing_comma"), 1U);
}

TEST(M3uReader, HeaderDefaultsApplyToEntriesThatLackThem) {
  const ReadList list = read_text(
      "#EXTM3U tvg-shift=\"2\" catchup=\"append\" catchup-days=\"7\"\n"
      "#EXTINF:-1,A\nhttp://a\n#EXTINF:-1 tvg-shift=\"1\" catchup-days=\"1\",B\nhttp://b\n");
  EXPECT_EQ(list.channels[0].shift, "2");
  EXPECT_THAT(list.channels[0].attributes,
              ElementsAre(Pair("catchup", "append"), Pair("catchup-days", "7")));
  EXPECT_EQ(list.channels[1].shift, "1");
  EXPECT_THAT(list.channels[1].attributes,
              ElementsAre(Pair("catchup-days", "1"), Pair("catchup", "append")));
}

TEST(M3uReader, SecondHeaderInTheMiddleIsSkippedAndCounted) {
  const ReadList list =
      read_text("#EXTM3U\n#EXTINF:-1,A\nhttp://a\n#EXTM3U\n#EXTINF:-1,B\nhttp://b\n");
  EXPECT_EQ(list.channels.size(), 2U);
  EXPECT_EQ(list.problems.of("repeated_header"), 1U);
}

TEST(M3uReader, LineOfMoreThanAMegabyteIsACountedSkip) {
  const std::string longer(kMaxLine + 1, 'x');
  const ReadList list = read_text("#EXTM3U\n#EXTINF:-1 tvg-logo=\"" + longer + "\",A\nhttp://a\n" +
                                  "#EXTINF:-1,B\n#EXTVLCOPT:" + longer + "\nhttp://b\n" +
                                  "#EXTINF:-1,C\nhttp://" + longer + "\n#EXTINF:-1,D\nhttp://d\n");
  ASSERT_EQ(list.channels.size(), 2U);
  EXPECT_EQ(list.channels[0].name, "B");
  EXPECT_TRUE(list.channels[0].directives.empty());
  EXPECT_EQ(list.channels[1].name, "D");
  EXPECT_EQ(list.problems.of("line_too_long"), 3U);
}

TEST(M3uReader, AnEntryAfterATooLongOneIsKept) {
  const ReadList list = read_text("#EXTM3U\n#EXTINF:-1 a=\"" + std::string(kMaxLine, 'x') +
                                  "\",Long\n#EXTINF:-1,Good\nhttp://g\n");
  ASSERT_EQ(list.channels.size(), 1U);
  EXPECT_EQ(list.channels[0].name, "Good");
}

TEST(M3uReader, MediaTypeComesFromAttributeDirectiveOrPath) {
  memory::Budget budget;
  memory::SlabPool slabs(budget);
  catalog::ChannelBatch batch(slabs);
  ProblemLog problems;
  M3uChunk chunk;
  chunk.text =
      "#EXTINF:-1 tvg-type=\"movie\",A\nhttp://a\n#EXTINF:-1 type=\"series\",B\nhttp://b\n"
      "#EXTINF:-1,C\n#EXT-X-PLAYLIST-TYPE:VOD\nhttp://c\n#EXTINF:-1,D\nhttp://h/movie/u/p/1.mkv\n"
      "#EXTINF:-1,E\nhttp://h/series/u/p/1.mkv\n#EXTINF:-1,F\nhttp://h/live/u/p/1.ts\n"
      "#EXTINF:-1 type=\"mpeg\",G\nhttp://h/movie/u/p/2.mkv\n"
      "#EXTINF:-1 tvg-type=\"live\",H\nhttp://h/movie/u/p/3.mkv\n";
  parse_m3u(chunk, {}, batch, problems);
  std::vector<std::string_view> types;
  for (std::size_t row = 0; row < batch.rows(); ++row)
    types.push_back(catalog::to_string(batch.media_type(row)));
  EXPECT_THAT(types,
              ElementsAre("movie", "series", "movie", "movie", "series", "live", "movie", "live"));
}

TEST(M3uReader, QuotesAroundAnAddressAreNotOfIt) {
  const ReadList list =
      read_text("#EXTM3U\n#EXTINF:-1,A\n\"http://h/a\"\n#EXTINF:-1,B\n'http://h/b c'\n");
  ASSERT_EQ(list.channels.size(), 2U);
  EXPECT_EQ(list.channels[0].url, "http://h/a");
  EXPECT_EQ(list.channels[1].url, "http://h/b c");
  EXPECT_EQ(list.problems.total(), 0U);
}

}  // namespace
}  // namespace m3u_proxy::formats
