#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/guide/guide_testing.hpp>

namespace m3u_proxy::guide {
namespace {

using testing::HasSubstr;
using testing::Not;

rules::RuleSet rule_set(const std::vector<std::string>& expressions) {
  std::vector<rules::NamedRule> all;
  all.reserve(expressions.size());
  for (const std::string& text : expressions)
    all.push_back(
        {.name = text, .rule = rules::compile_rule(catalog::Domain::kProgrammes, text).value()});
  return rules::RuleSet(all);
}

/// What the rules make of this programme's inside on channel "a" ("b" is a channel too).
GuideMaker::Made with_rules(const std::vector<std::string>& expressions, std::string_view inside,
                            const rules::FilterSet* filters = nullptr) {
  const rules::RuleSet rules = rule_set(expressions);
  GuideMaker maker;
  maker.channels = {{.tvg_id = "a"}, {.tvg_id = "b"}};
  maker.rules = &rules;
  maker.filters = filters;
  maker.sources = {epg_source(
      "epg", fmt::format("<tv><programme start=\"20260101120000 +0000\" stop=\"20260101130000 "
                         "+0000\" channel=\"a\">{}</programme></tv>",
                         inside))};
  return maker.make();
}

std::string inside_of(const GuideMaker::Made& made) {
  const std::size_t begin = made.guide.find('>', made.guide.find("<programme ")) + 1;
  return made.guide.substr(begin, made.guide.find("</programme>") - begin);
}

TEST(GuideRules, ReadTheFirstElementAndReplaceAllOfThem) {
  const auto made = with_rules(
      {"programme_title equals \"One & two\" SET programme_title = \"A < B\""},
      "<title lang=\"en\">One &amp; two</title>\n    <title lang=\"de\">Zwei</title><live/>");
  EXPECT_EQ(inside_of(made), "<title lang=\"en\">A &lt; B</title><live/>");
  EXPECT_EQ(made.result.rule_counts.counters.at(0).changed, 1U);
}

TEST(GuideRules, ProgrammeThatNoRuleChangesStaysByteForByte) {
  const std::string inside = "\n <title>T</title>\t<x y='1'/><!-- c -->\n";
  const auto made = with_rules({"title contains \"nothing\" SET title = \"x\""}, inside);
  EXPECT_EQ(inside_of(made), inside);
}

TEST(GuideRules, AddedElementsStandWhereTheDtdWantsThem) {
  const auto made = with_rules(
      {"SET programme_category = \"News\", programme_icon = \"http://i?a&b\", rating = \"PG\""},
      "<title>T</title><desc>D</desc><new/>");
  EXPECT_EQ(inside_of(made),
            "<title>T</title><desc>D</desc><category>News</category>\n    "
            "<icon src=\"http://i?a&amp;b\"/>\n    <new/>\n    "
            "<rating><value>PG</value></rating>\n  ");
}

TEST(GuideRules, RemoveTakesAllElementsOfTheName) {
  const auto made =
      with_rules({"SET REMOVE programme_category"},
                 "<title>T</title>\n  <category>A</category>\n  <category>B</category>\n");
  EXPECT_EQ(inside_of(made), "<title>T</title>\n");
}

TEST(GuideRules, EveryFieldIsRead) {
  const auto made = with_rules(
      {"channel_id equals \"a\" AND start equals \"20260101120000 +0000\" AND stop equals "
       "\"20260101130000 +0000\" AND subtitles equals \"S\" AND description equals \"D\" AND "
       "programme_category equals \"C\" AND programme_icon equals \"i\" AND episode_num equals "
       "\"2.3.\" AND season_num equals \"3\" AND language equals \"en\" AND rating equals \"PG\" "
       "AND source_name equals \"epg\" AND source_type equals \"xmltv\" SET title = \"all\""},
      "<title>T</title><sub-title>S</sub-title><desc><![CDATA[D]]></desc><category>C</category>"
      "<language>en</language><icon src=\"i\"/><episode-num system=\"xmltv_ns\">2.3.</episode-num>"
      "<rating><value>PG</value></rating>");
  EXPECT_THAT(inside_of(made), HasSubstr("<title>all</title>"));
}

TEST(GuideRules, PresenceOfAnElementIsAField) {
  const auto title_of = [](const std::string& condition, const std::string& inside) {
    return inside_of(with_rules({condition + " SET title = \"yes\""}, inside));
  };
  const std::vector<std::pair<std::string, std::string>> flags = {
      {"is_new", "<new/>"},
      {"is_live", "<live />"},
      {"is_premiere", "<premiere lang=\"en\">first</premiere>"},
      {"is_previously_shown", "<previously-shown start=\"2001\"></previously-shown>"}};
  for (const auto& [field, element] : flags) {
    const std::string with = "<title>T</title>" + element;
    EXPECT_THAT(title_of(field + " == \"true\"", with), HasSubstr("yes")) << field;
    EXPECT_THAT(title_of(field + " == \"\"", with), Not(HasSubstr("yes"))) << field;
    EXPECT_THAT(title_of(field + " == \"true\"", "<title>T</title><desc>" + field + "</desc>"),
                Not(HasSubstr("yes")))
        << field;
    EXPECT_THAT(title_of(field + " == \"\"", "<title>T</title>"), HasSubstr("yes")) << field;
    EXPECT_FALSE(rules::compile_rule(catalog::Domain::kProgrammes, "SET " + field + " = \"true\"")
                     .has_value());
  }
}

TEST(GuideRules, ConditionsLookAtAnyCategory) {
  const std::string inside =
      "<title>T</title><category>Film</category><x><category>News</category></x>"
      "<category lang=\"en\">Crime &amp; co</category>";
  const auto holds = [&](const std::string& condition) {
    const auto made = with_rules({condition + " SET title = \"yes\""}, inside);
    return made.guide.contains("yes");
  };
  EXPECT_TRUE(holds("programme_category == \"crime & co\""));
  EXPECT_TRUE(holds("programme_category == \"film\" AND programme_category contains \"crime\""));
  EXPECT_FALSE(holds("programme_category == \"news\""));
  EXPECT_FALSE(holds("programme_category != \"crime & co\""));
  const auto replaced =
      with_rules({"programme_category contains \"crime\" SET programme_category = \"Crime\"",
                  "programme_category == \"film\" SET title = \"no\""},
                 inside);
  EXPECT_EQ(inside_of(replaced),
            "<title>T</title><category>Crime</category><x><category>News</category></x>");
}

TEST(GuideRules, SeasonIsPartOfTheEpisodeNumber) {
  EXPECT_THAT(inside_of(with_rules({"SET season_num = \"5\""},
                                   "<title>T</title><episode-num system=\"xmltv_ns\">2 . 3/4 . "
                                   "</episode-num>")),
              HasSubstr("<episode-num system=\"xmltv_ns\">4. 3/4 . </episode-num>"));
  EXPECT_THAT(inside_of(with_rules({"season_num equals \"3\" SET season_num = \"5\""},
                                   "<title>T</title><episode-num system=\"onscreen\">S03E04"
                                   "</episode-num>")),
              HasSubstr("<episode-num system=\"xmltv_ns\">4..</episode-num>"));
}

TEST(GuideRules, ChangedTimesAndChannelGoToTheStartTag) {
  const auto made = with_rules(
      {"SET start = \"20260102\", stop = \"20260103\", channel_id = \"b\""}, "<title>T</title>");
  EXPECT_THAT(made.body(),
              HasSubstr("<programme start=\"20260102\" stop=\"20260103\" channel=\"b\">"));
  EXPECT_THAT(made.body(), HasSubstr("<channel id=\"b\">"));
  EXPECT_THAT(made.body(), Not(HasSubstr("<channel id=\"a\">")));
}

TEST(GuideRules, TimesMayBeAnyDateOfExpressionsAndAreWrittenAsXmltv) {
  const auto start_of = [](const std::string& value) {
    const auto made = with_rules({"SET start = '" + value + "', REMOVE stop"}, "<title>T</title>");
    const std::size_t begin = made.guide.find("<programme start=\"") + 18;
    return made.guide.substr(begin, made.guide.find('"', begin) - begin);
  };
  EXPECT_EQ(start_of("@time:parse(\"2026-01-02 03:04:05\")"), "20260102030405 +0000");
  EXPECT_EQ(start_of("1767323045"), "20260102030405 +0000");
  EXPECT_EQ(start_of("2026-01-02T03:04:05+01:00"), "20260102020405 +0000");
  EXPECT_EQ(start_of("2026-01-02 03:04:05"), "20260102030405 +0000");
  EXPECT_EQ(start_of("02/01/2026 03:04:05"), "20260102030405 +0000");
  EXPECT_EQ(start_of("2026-01-02"), "20260102000000 +0000");
  EXPECT_EQ(start_of("20260102030405 +0200"), "20260102030405 +0200");
  EXPECT_EQ(start_of("202601020304"), "202601020304");
}

TEST(GuideRules, UnusableTimesAndChannelsAreCountedSkips) {
  EXPECT_EQ(with_rules({"SET start = \"soon\""}, "").result.problems.of("bad_start"), 1U);
  const auto unknown = with_rules({"SET channel_id = \"c\""}, "<title>T</title>");
  EXPECT_EQ(unknown.result.problems.of("unknown_channel_id"), 1U);
  EXPECT_EQ(unknown.result.programmes, 0U);
}

TEST(GuideFilters, ExcludedProgrammesAreLeftOutAfterTheRules) {
  const rules::FilterSet filters(
      {{.name = "no news",
        .action = rules::FilterAction::kExclude,
        .filter =
            rules::compile_filter(catalog::Domain::kProgrammes, "title equals \"news\"").value()}});
  EXPECT_EQ(with_rules({}, "<title>News</title>", &filters).result.programmes, 0U);
  EXPECT_EQ(with_rules({}, "<title>Sport</title>", &filters).result.programmes, 1U);
  EXPECT_EQ(
      with_rules({"SET title = \"news\""}, "<title>Sport</title>", &filters).result.programmes, 0U);
}

}  // namespace
}  // namespace m3u_proxy::guide
