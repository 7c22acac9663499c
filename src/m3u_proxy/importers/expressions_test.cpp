#include <string>

#include <gtest/gtest.h>

#include <m3u_proxy/importers/channel_changes.hpp>
#include <m3u_proxy/importers/expressions.hpp>

namespace m3u_proxy::importers {
namespace {

TEST(ImportedExpressions, TextsAreTakenAsTheyAre) {
  EXPECT_EQ(text_literal("a \"b\" \\d"), R"("a \"b\" \d")");
  EXPECT_EQ(text_literal(R"(a\\b\)"), R"("a\\\b\\")");
  EXPECT_EQ(text_literal("$1"), R"("$1")");
  EXPECT_EQ(value_literal("$1"), R"("$$1")");
}

TEST(ImportedExpressions, APatternForATextIsOnlyForThatText) {
  EXPECT_EQ(escaped_pattern("A.B (18+) é"), "A\\.B \\(18\\+\\) é");
}

TEST(ImportedExpressions, LongListsAreSeveralConditions) {
  const std::vector<std::string> names(2000, "some name of a group");
  const auto conditions = is_one_of("group_title", names);
  EXPECT_EQ(conditions.size(), 6U);
  for (const std::string& condition : conditions) EXPECT_LT(condition.size(), 9000U);
}

TEST(ImportedExpressions, PatternsOfOtherLanguagesBecomeRe2s) {
  EXPECT_EQ(pattern_for_us("(?<year>\\d{4})").value(), "(?P<year>\\d{4})");
  EXPECT_EQ(pattern_for_us("\\(?<a").value(), "\\(?<a");
  EXPECT_FALSE(pattern_for_us("^(?!UK)"));
  EXPECT_FALSE(pattern_for_us("(a"));
}

TEST(ImportedExpressions, ReplacementsKeepTheirGroups) {
  EXPECT_EQ(replacement_for_us("$1-${2}-$name-\\3", 1), "${2}-${3}-${name}-${4}");
  EXPECT_EQ(replacement_for_us("US$$ 5 and $", 1), "US$$ 5 and $$");
  EXPECT_EQ(replacement_for_us("C:\\dir", 0), "C:\\dir");
}

TEST(ImportedExpressions, ARenameReplacesWhatItFinds) {
  EXPECT_EQ(replacing_rule("channel_name", "\\s+HD$", "").value(),
            "channel_name case_sensitive matches \"^(.*?)(?:\\s+HD$)(.*)$\" "
            "SET channel_name = \"${1}${2}\"");
  EXPECT_EQ(replacing_rule("group_title", "^(UK|DE) (.*)", "$2 ($1)").value(),
            "group_title case_sensitive matches \"^(.*?)(?:^(UK|DE) (.*))(.*)$\" "
            "SET group_title = \"${1}${3} (${2})${4}\"");
}

TEST(ChannelChanges, AnOldNameHasItsTurnBeforeItIsANewOne) {
  Imported imported;
  ImportedProxy proxy{.name = "p"};
  add_channel_changes(imported,
                      {{.source = "s", .name = "One HD", .values = {{"channel_name", "One"}}},
                       {.source = "s", .name = "One", .values = {{"channel_name", "One SD"}}},
                       {.source = "s", .name = "Two", .hidden = true}},
                      OtherChannels::kStay, proxy);
  ASSERT_EQ(imported.rules.size(), 1U);
  EXPECT_EQ(imported.rules.front().expression,
            "(source_name == \"s\" AND channel_name case_sensitive matches \"^(?:Two)$\" "
            "SET attr:import-drop = \"yes\")\n"
            "(source_name == \"s\" AND channel_name case_sensitive equals \"One\" "
            "SET channel_name = \"One SD\")\n"
            "(source_name == \"s\" AND channel_name case_sensitive equals \"One HD\" "
            "SET channel_name = \"One\")");
  ASSERT_EQ(imported.filters.size(), 1U);
  EXPECT_EQ(imported.filters.front().action, "exclude");
}

TEST(ChannelChanges, ACircleOfNamesEnds) {
  Imported imported;
  ImportedProxy proxy{.name = "p"};
  add_channel_changes(imported,
                      {{.source = "s", .name = "A", .values = {{"channel_name", "B"}}},
                       {.source = "s", .name = "B", .values = {{"channel_name", "A"}}}},
                      OtherChannels::kStay, proxy);
  EXPECT_EQ(imported.rules.size(), 1U);
}

TEST(Imported, NamesAreTakenOnce) {
  Imported imported;
  EXPECT_EQ(imported.add_source({.name = "tv"}), "tv");
  EXPECT_EQ(imported.add_source({.name = "tv"}), "tv 2");
  EXPECT_EQ(imported.add_source({.name = ""}), "unnamed");
}

TEST(Imported, ThereIsRoomForAThousand) {
  Imported imported;
  for (int i = 0; i < 1000; ++i) imported.add_source({.name = std::to_string(i)});
  EXPECT_EQ(imported.too_many(), "");
  imported.add_source({.name = "one more"});
  EXPECT_EQ(imported.too_many(), "sources");
  EXPECT_EQ(imported.sources.size(), 1000U);
}

TEST(Imported, PasswordsStayOutOfTheAddress) {
  Imported imported;
  EXPECT_EQ(imported.account("my tv", "https://h.example:8443/", "a b", "s:@/", "live&vod"),
            "xtreams://a%20b@h.example:8443?live&vod&password_env=IPTV_PASSWORD_MY_TV");
  ASSERT_EQ(imported.secrets.size(), 1U);
  EXPECT_EQ(imported.secrets.front().value, "s:@/");
  EXPECT_EQ(imported.account("x", "http://h", "u", "${env:BOX}", "live"),
            "xtream://u@h?live&password_env=BOX");
  Imported with_files("/etc/m3u proxy");
  EXPECT_EQ(with_files.account("tv", "http://h", "u", "p", ""),
            "xtream://u@h?password_file=/etc/m3u%20proxy/tv");
}

}  // namespace
}  // namespace m3u_proxy::importers
