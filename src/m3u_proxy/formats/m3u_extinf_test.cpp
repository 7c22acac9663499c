#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/formats/m3u_testing.hpp>

namespace m3u_proxy::formats {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

ReadList read_lines(const std::string& lines) { return read_text("#EXTM3U\n" + lines); }

TestChannel only(const ReadList& list) {
  EXPECT_EQ(list.channels.size(), 1U);
  return list.channels.empty() ? TestChannel{} : list.channels[0];
}

/// The channel of an entry with these attributes.
TestChannel channel(const std::string& attributes) {
  return only(read_lines("#EXTINF:-1 " + attributes + ",N\nhttp://h\n"));
}

TEST(M3uExtinf, EverySpellingIsReadAlike) {
  for (const char* begin :
       {"#EXTINF:-1 ", "#extinf:-1 ", "# EXTINF: -1 ", "#EXTINF :-1 ", "#EXTINF -1 ", "#EXTINF-1\t",
        "#EXTINF：-1 ", "\xC2\xA0#EXTINF:-1\xC2\xA0"}) {
    const ReadList list = read_lines(std::string(begin) + "tvg-id=\"i\",N\nhttp://h\n");
    const TestChannel read = only(list);
    EXPECT_EQ(read.name, "N") << begin;
    EXPECT_EQ(read.id, "i") << begin;
    EXPECT_EQ(read.duration, "-1") << begin;
    EXPECT_TRUE(read.directives.empty()) << begin;
    EXPECT_EQ(list.problems.total(), 0U) << begin;
  }
}

TEST(M3uExtinf, WithoutACommaTheTextBeforeTheAttributesIsTheNameIfNoneFollows) {
  for (const char* text :
       {"My TV tvg-id=\"i\" group-title=\"g\"", " My TV  tvg-id='i' group-title=g ",
        "\xC2\xA0My TV\xC2\xA0tvg-id=\"i\"group-title=\"g\""}) {
    const ReadList list = read_lines("#EXTINF:-1 " + std::string(text) + "\nhttp://h\n");
    const TestChannel read = only(list);
    EXPECT_EQ(read.name, "My TV") << text;
    EXPECT_EQ(read.id, "i") << text;
    EXPECT_EQ(read.group, "g") << text;
    EXPECT_EQ(list.problems.of("missing_comma"), 1U) << text;
    EXPECT_EQ(list.problems.total(), 1U) << text;
  }
  EXPECT_EQ(only(read_lines("#EXTINF:-1 My TV tvg-id=\"i\" Other\nhttp://h\n")).name, "Other");
  EXPECT_EQ(only(read_lines("#EXTINF:-1 tvg-id=\"i\" x y tvg-name=\"n\"\nhttp://h\n")).name, "n");
  EXPECT_EQ(only(read_lines("#EXTINF:-1; tvg-id=\"i\"\nhttp://h\n")).name, "i");
}

TEST(M3uExtinf, AFullWidthCommaInStrayTextIsOneCharacter) {
  const TestChannel read = channel("o\uFF0Cx=\"1\"");
  EXPECT_THAT(read.attributes, ElementsAre(Pair("x", "1")));
  EXPECT_EQ(only(read_lines("#EXTINF:-1 o\uFF0Cx=\"1\"\nhttp://h\n")).name, "o\uFF0C");
}

TEST(M3uExtinf, OfAnAttributeGivenTwiceTheFirstThatIsNotEmptyCounts) {
  for (const char* attributes : {"tvg-id=\"a\" tvg-id=\"b\"", "tvg-id=\"\" TVG-ID=\"a\"",
                                 "tvg-id=a tvg-id=\"\"", "tvg-id='a' x=1 tvg-id='a'"})
    EXPECT_EQ(channel(attributes).id, "a") << attributes;
  EXPECT_THAT(channel("x=\"1\" X=\"2\" x=\"3\"").attributes, ElementsAre(Pair("x", "1")));
  EXPECT_THAT(channel("x=\"\" y=\"2\" X=\"3\"").attributes,
              ElementsAre(Pair("y", "2"), Pair("X", "3")));
  for (const char* attributes :
       {"tvg-id=\"a\" tvg-id=\"b\"", "x=1 x=2", "x= y=1 x=2", "num=1 ch-number=2"})
    EXPECT_EQ(read_lines("#EXTINF:-1 " + std::string(attributes) + ",N\nhttp://h\n")
                  .problems.of("repeated_attribute"),
              1U)
        << attributes;
}

TEST(M3uExtinf, RepeatedAttributesAreFoundAmongVeryMany) {
  std::string attributes;
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < 2000; ++i)
      attributes += " k" + std::to_string(i) + "=\"" + std::to_string(round) + "\"";
  const TestChannel read = channel(attributes);
  ASSERT_EQ(read.attributes.size(), 2000U);
  for (const auto& [key, value] : read.attributes) EXPECT_EQ(value, "0") << key;
}

TEST(M3uExtinf, DifferentGroupsAreJoinedAndNotCounted) {
  EXPECT_EQ(channel("group-title=\"A\"   group-title=\"B\" Group-Title='C'").group, "A;B;C");
  EXPECT_EQ(channel("group-title=\"A\" x=1 group-title=\"A\"").group, "A");
  EXPECT_EQ(channel("group-title=\"\" group-title=\"B\" group-title=\"\"").group, "B");
  const ReadList list = read_lines(
      "#EXTINF:-1 group-title=\"A\" group-title=\"B\",N\nhttp://h\n"
      "#EXTINF:-1 group-title=\"C\",M\nhttp://m\n");
  EXPECT_EQ(list.problems.total(), 0U);
  EXPECT_EQ(list.channels[1].group, "C");
}

TEST(M3uExtinf, EverySpellingOfTheNumberAndTheLogoIsTheField) {
  for (const char* key : {"tvg-chno", "channel-number", "tvh-chnum", "num", "tvg-channo", "tvg-num",
                          "ch-number", "CH-Number"})
    EXPECT_EQ(channel(std::string(key) + "=\"7\"").chno, "7") << key;
  EXPECT_EQ(channel("logo=l").logo, "l");
}

TEST(M3uExtinf, CatchupAndCatchupTypeAreOneAttribute) {
  EXPECT_THAT(channel("catchup-type=\"a\" x=1 catchup=\"b\"").attributes,
              ElementsAre(Pair("catchup", "b"), Pair("x", "1")));
  EXPECT_THAT(channel("catchup=\"b\" catchup-type=\"a\"").attributes,
              ElementsAre(Pair("catchup", "b")));
  EXPECT_THAT(channel("catchup-type=\"a\" catchup=\"\"").attributes,
              ElementsAre(Pair("catchup-type", "a")));
  EXPECT_EQ(read_lines("#EXTINF:-1 catchup=a catchup-type=b,N\nhttp://h\n")
                .problems.of("repeated_attribute"),
            1U);
}

TEST(M3uExtinf, AHeaderDefaultGivesWayToTheEntrysOwnUnderAnyName) {
  for (const auto& [header, own] : {std::pair{"catchup=\"shift\"", "catchup-type=\"append\""},
                                    std::pair{"catchup-type=\"xc\"", "Catchup=\"append\""}}) {
    const ReadList list =
        read_text(std::string("#EXTM3U ") + header + " catchup-days=\"7\"\n#EXTINF:-1 " + own +
                  ",A\nhttp://a\n#EXTINF:-1,B\nhttp://b\n");
    ASSERT_EQ(list.channels[0].attributes.size(), 2U);
    EXPECT_EQ(list.channels[0].attributes[0].second, "append");
    EXPECT_EQ(list.channels[0].attributes[1],
              (std::pair<std::string, std::string>{"catchup-days", "7"}));
    EXPECT_EQ(list.channels[1].attributes.size(), 2U);
  }
}

TEST(M3uExtinf, AValueWhoseQuoteIsOpenGoesOnInTheNextLine) {
  for (const char* lines :
       {"tvg-name=\"A B\n\" x=\"1\",N", "tvg-name=\"A\nB\" x=\"1\",N", "tvg-name=\"A\nB\"x=1,N",
        "tvg-name='A\nB' x='1',N", "tvg-name=\"\nA B\" x=1,N", "tvg-name=\"A  \n  B\", x=\"1\",N",
        "tvg-name=\"A\r\nB\" x=\"1\",N", "tvg-name=\"A\rB\" x=\"1\",N"}) {
    const ReadList list =
        read_lines("#EXTINF:-1 " + std::string(lines) + "\n#EXTVLCOPT:o\nhttp://h\n");
    const TestChannel read = only(list);
    EXPECT_EQ(read.tvg_name, "A B") << lines;
    EXPECT_EQ(read.name, "N") << lines;
    EXPECT_THAT(read.attributes, ElementsAre(Pair("x", "1"))) << lines;
    EXPECT_THAT(read.directives, ElementsAre("#EXTVLCOPT:o")) << lines;
    EXPECT_EQ(read.url, "http://h") << lines;
    EXPECT_EQ(list.problems.of("line_joined"), 1U) << lines;
  }
}

TEST(M3uExtinf, ALineThatDoesNotCloseTheQuoteIsNoRestOfTheValue) {
  for (const char* lines :
       {"tvg-name=\"A\nfoo\n", "tvg-name=\"A\nfoo' x=1,N\n", "tvg-name=\"A,N\nfoo bar\" x\n",
        "tvg-name=\"A x=1\nfoo\"\n", "tvg-name=\"A\n\nfoo\",N\n", "tvg-name=\"A\n#c\nfoo bar\",N\n",
        "tvg-name=\"A\nfoo\"bar\n"})
    EXPECT_EQ(
        read_lines("#EXTINF:-1 " + std::string(lines) + "http://h\n").problems.of("line_joined"),
        0U)
        << lines;
  const ReadList url = read_lines("#EXTINF:-1 tvg-name=\"A\nhttp://h/\"x=1\n");
  EXPECT_EQ(only(url).url, "http://h/\"x=1");
  EXPECT_EQ(url.problems.of("line_joined"), 0U);
}

TEST(M3uExtinf, OnlyOneFurtherLineIsJoined) {
  const ReadList list = read_lines("#EXTINF:-1 a=\"x\ny\" b=\"z\nw v\",N\nhttp://h\n");
  EXPECT_EQ(list.problems.of("line_joined"), 1U);
  EXPECT_EQ(list.problems.of("stray_text"), 1U);
  EXPECT_EQ(only(list).url, "http://h");
}

TEST(M3uExtinf, JoinedLinesBeyondTheCapAreACountedSkip) {
  const std::string half(kMaxLine / 2 + 10, 'x');
  const ReadList list = read_lines("#EXTINF:-1 a=\"" + half + "\n" + half +
                                   "\",N\nhttp://h\n#EXTINF:-1,B\nhttp://b\n");
  EXPECT_EQ(only(list).name, "B");
  EXPECT_EQ(list.problems.of("line_too_long"), 1U);
}

TEST(M3uExtinf, TextNeverTakesAnAddresssPlace) {
  const ReadList list = read_lines(
      "#EXTINF:-1,Foo\nthis stream is geo blocked\nhttp://h/1\nold text here\n"
      "#EXTINF:-1,Bar\n--- the stream ---\n***\nstream1\nstream2\n€X #EXTINF:-1,Old\n"
      "#EXTINF:-1,Baz\nUpdated 2026.11 by a/b me\nmy films/a b.mp4\n");
  ASSERT_EQ(list.channels.size(), 3U);
  EXPECT_EQ(list.channels[0].url, "http://h/1");
  EXPECT_EQ(list.channels[1].url, "stream1");
  EXPECT_EQ(list.channels[2].url, "my films/a b.mp4");
  EXPECT_EQ(list.problems.of("stray_text"), 5U);
  EXPECT_EQ(list.problems.total(), 5U);
}

TEST(M3uExtinf, AnAddressOverTwoLinesMakesNoSecondChannel) {
  const ReadList list =
      read_lines("#EXTINF:-1,A\nhttps://c/p.m3u8?did=1&name=%7BAPP_NA\nME%7D&ads.coppa=0\n");
  EXPECT_EQ(only(list).url, "https://c/p.m3u8?did=1&name=%7BAPP_NA");
  EXPECT_EQ(list.problems.of("stray_text"), 1U);
}

TEST(M3uExtinf, DirectivesOfAnEntryWithoutAddressGoWithIt) {
  const ReadList list = read_lines(
      "#EXTVLCOPT:0\n#EXTINF:-1,A\n#KODIPROP:1\n#EXTGRP:Lost\n#EXTINF:-1,B\n#WEBPROP:2\nhttp://b\n"
      "#EXTINF:-1,C\n#EXTVLCOPT:3\n");
  const TestChannel read = only(list);
  EXPECT_EQ(read.name, "B");
  EXPECT_EQ(read.group, "");
  EXPECT_THAT(read.directives, ElementsAre("#WEBPROP:2"));
  EXPECT_EQ(list.problems.of("directive_without_url"), 3U);
  EXPECT_EQ(list.problems.of("extinf_without_url"), 2U);
  std::vector<std::uint64_t> lines;
  for (const ProblemSample& sample : list.problems.samples()) lines.push_back(sample.line);
  EXPECT_THAT(lines, ElementsAre(3, 2, 4, 9, 10));  // of the #EXTM3U line on
}

TEST(M3uExtinf, WhatHasOnlyCommasAndBlanksIsNoName) {
  const ReadList list =
      read_lines("#EXTINF:-1 tvg-name=\", \" tvg-id=\",i\",\nhttp://a\nhttp://h/ , \n");
  ASSERT_EQ(list.channels.size(), 2U);
  EXPECT_EQ(list.channels[0].name, "i");
  EXPECT_EQ(list.channels[1].name, "http://h/ ,");
  // Nor is a byte order mark, which lines are trimmed of.
  EXPECT_EQ(only(read_lines("http://h/\xEF\xBB\xBF,")).name, "http://h/\xEF\xBB\xBF,");
}

TEST(M3uExtinf, NamedDirectivesCountBehindTheFirstExtinf) {
  const ReadList list = read_lines(
      "#WEBPROP:0\nhttp://z\n#WEBPROP:1\n#EXTINF:-1,A\n#WEBPROP:2\n#PLAYLIST:x\n#NOTE:y\nhttp://a\n"
      "#X-Y:3\n#EXTINF:-1,B\nhttp://b\n");
  ASSERT_EQ(list.channels.size(), 3U);
  EXPECT_TRUE(list.channels[0].directives.empty());
  EXPECT_THAT(list.channels[1].directives, ElementsAre("#WEBPROP:2"));
  EXPECT_THAT(list.channels[2].directives, ElementsAre("#X-Y:3"));
}

}  // namespace
}  // namespace m3u_proxy::formats
