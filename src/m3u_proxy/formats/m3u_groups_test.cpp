#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/formats/m3u_testing.hpp>

namespace m3u_proxy::formats {
namespace {

using ::testing::ElementsAre;

/// The channels' groups, which must be the same whatever the chunks.
std::vector<std::string> groups(const std::string& lines) {
  std::vector<std::string> all;
  for (const std::size_t rows : {1000U, 1U, 2U, 3U}) {
    TextSource source("#EXTM3U\n" + lines);
    std::vector<std::string> found;
    for (const TestChannel& channel : read_list(source, rows).channels)
      found.push_back(channel.group);
    if (rows == 1000) all = found;
    EXPECT_EQ(found, all) << rows;
  }
  return all;
}

std::string entry(const std::string& name, const std::string& between = {}) {
  return "#EXTINF:-1," + name + "\n" + between + "http://h/" + name + "\n";
}

TEST(M3uGroups, OneBeforeAnExtinfHoldsUntilTheNextThere) {
  EXPECT_THAT(groups("#EXTGRP:A\n" + entry("1") + entry("2") + "#EXTGRP:B\n" + entry("3") +
                     entry("4", "#EXTGRP:Own\n") + entry("5") + entry("6")),
              ElementsAre("A", "A", "B", "Own", "B", "B"));
}

TEST(M3uGroups, AnEmptyOneOrALaterHeaderEndsIt) {
  EXPECT_THAT(
      groups("#EXTGRP:A\n" + entry("1") + "#EXTGRP:\n" + entry("2") + "#EXTGRP:B\n" + entry("3") +
             "#EXTM3U\n" + entry("4") + "#EXTGRP:C\n" + entry("5") + "#EXTGRP\n" + entry("6")),
      ElementsAre("A", "", "B", "", "C", ""));
}

TEST(M3uGroups, AnEmptyOneInAnEntryIsThatEntrys) {
  EXPECT_THAT(groups("#EXTGRP:A\n" + entry("1") + entry("2", "#EXTGRP:\n") + entry("3")),
              ElementsAre("A", "", "A"));
}

TEST(M3uGroups, AnAttributeCountsBeforeIt) {
  EXPECT_THAT(groups("#EXTGRP:A\n#EXTINF:-1 group-title=\"T\",1\nhttp://1\n"
                     "#EXTINF:-1 group-title=\"\",2\nhttp://2\n"
                     "#EXTINF:-1 group-title=\"T\",3\n#EXTGRP:Own\nhttp://3\n"),
              ElementsAre("T", "A", "T"));
}

TEST(M3uGroups, OneBehindAnExtinfWithoutAddressIsLostWithIt) {
  EXPECT_THAT(groups("#EXTGRP:A\n" + entry("1") + "#EXTINF:-1,lost\n#EXTGRP:L\n" + entry("2")),
              ElementsAre("A", "A"));
}

TEST(M3uGroups, AddressesWithoutExtinfAreInItToo) {
  EXPECT_THAT(groups("#EXTGRP:A\nhttp://1\nhttp://2\n"), ElementsAre("A", "A"));
}

TEST(M3uGroups, SpellingsAndBlanks) {
  EXPECT_THAT(groups("#extgrp:\tA b \n" + entry("1") + "#EXTGRP : B\xC2\xA0\n" + entry("2") +
                     "#EXTGRP C\n" + entry("3") + "#EXTGRP：D\n" + entry("4")),
              ElementsAre("A b", "B", "C", "D"));
}

TEST(M3uGroups, OneOfMoreThan64KilobytesIsNoneAndCounted) {
  const std::string text =
      "#EXTM3U\n#EXTGRP:A\n#EXTGRP:" + std::string(70000, 'x') + "\n" + entry("1");
  const ReadList list = read_text(text);
  EXPECT_EQ(list.channels[0].group, "");
  EXPECT_EQ(list.problems.of("group_too_long"), 1U);
}

TEST(M3uGenres, NamesAndAddressesUnderTheirGroup) {
  for (const std::size_t rows : {1000U, 1U}) {
    TextSource source(
        "\xEF\xBB\xBF"
        "News,#genre#\nOne,http://1\nTwo, three , http://2,x\n\n# c\nno address\n"
        "体育，#genre#\n四，rtp://4\n,http://5/e.ts\nSix,/6.m3u8\n---\nhttp://7/"
        "g\n,#genre#\nEight,http://8\n");
    const ReadList list = read_list(source, rows);
    ASSERT_EQ(list.channels.size(), 7U);
    std::vector<std::string> read;
    for (const TestChannel& c : list.channels) read.push_back(c.group + "|" + c.name + "|" + c.url);
    EXPECT_THAT(read, ElementsAre("News|One|http://1", "News|Two, three|http://2,x",
                                  "体育|四|rtp://4", "体育|e.ts|http://5/e.ts", "体育|Six|/6.m3u8",
                                  "体育|g|http://7/g", "|Eight|http://8"));
    EXPECT_EQ(list.problems.of("stray_text"), 1U);
    EXPECT_EQ(list.problems.of("empty_name"), 1U);
    EXPECT_EQ(list.problems.of("url_without_extinf"), 1U);
    EXPECT_EQ(list.problems.total(), 3U);
  }
}

TEST(M3uGenres, EntriesOfBothKindsMayBeMixed) {
  const ReadList list = read_text(
      "#EXTM3U\nA,#genre#\nOne,http://1\n#EXTINF:-1,Two\nhttp://2\n#EXTINF:-1,lost\nThree,http://"
      "3\n");
  ASSERT_EQ(list.channels.size(), 3U);
  EXPECT_EQ(list.channels[1].name, "Two");
  EXPECT_EQ(list.channels[2].name, "Three");
  EXPECT_EQ(list.problems.of("extinf_without_url"), 1U);
}

TEST(M3uGenres, WithoutSuchALineANameBeforeAnAddressIsNoEntry) {
  const ReadList list = read_text("hello,http://1\n");
  ASSERT_TRUE(list.error);
  EXPECT_EQ(read_text("A,#genre#\n").error->message, "the playlist has no channels");
}

}  // namespace
}  // namespace m3u_proxy::formats
