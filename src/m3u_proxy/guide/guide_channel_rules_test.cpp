// Rules for the channels of guides, before they are matched.
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

std::string channel(std::string_view id, std::string_view inside = "") {
  return fmt::format("<channel id=\"{}\">{}</channel>", id, inside);
}
std::string programme(std::string_view id, std::string_view title,
                      std::string_view start = "20260101120000") {
  return fmt::format("<programme start=\"{}\" channel=\"{}\"><title>{}</title></programme>", start,
                     id, title);
}

struct Ruled {
  std::vector<std::string> expressions;
  std::vector<GuideChannel> channels = {{.tvg_id = "foo", .channel_name = "Foo"}};
  GuideOptions options{};
  std::int64_t now = 0;

  [[nodiscard]] GuideMaker::Made make(const std::string& text) const {
    std::vector<rules::NamedRule> all;
    for (const std::string& expression : expressions)
      all.push_back(
          {.name = expression,
           .rule = rules::compile_rule(catalog::Domain::kGuideChannels, expression).value()});
    const rules::RuleSet rules(all);
    GuideMaker maker;
    maker.channels = channels;
    maker.options = options;
    maker.now = now;
    maker.channel_rules = &rules;
    maker.sources = {epg_source("epg", "<tv>" + text + "</tv>")};
    return maker.make();
  }
};

TEST(GuideChannelRules, RenamedIdIsMatched) {
  const Ruled ruled{.expressions = {"SET channel_id -= \".1.\""}};
  const auto made = ruled.make(channel("f.1.oo", "<display-name>F</display-name>") +
                               programme("f.1.oo", "T") + programme("other", "no"));
  EXPECT_EQ(made.result.matched, 1U);
  EXPECT_THAT(made.body(), HasSubstr("<channel id=\"foo\">"));
  EXPECT_THAT(made.body(), HasSubstr("<programme start=\"20260101120000\" channel=\"foo\">"));
  EXPECT_THAT(made.body(), Not(HasSubstr("f.1.oo")));
}

TEST(GuideChannelRules, RunOnceForEachId) {
  const Ruled ruled{.expressions = {"channel_id starts_with \"f\" SET channel_id = \"foo\""}};
  const auto made = ruled.make(channel("fx") + channel("fx") + channel("z") + programme("fx", "1") +
                               programme("y", "2") + programme("fx", "3"));
  const rules::Counter counter = made.result.channel_rule_counts.counters.at(0);
  EXPECT_EQ(counter.evaluated, 3U) << "fx, z and the undeclared y";
  EXPECT_EQ(counter.matched, 1U);
  EXPECT_EQ(counter.changed, 1U);
  EXPECT_EQ(made.result.programmes, 2U);
}

TEST(GuideChannelRules, SeeTheFirstNameAndIconOfTheChannel) {
  const Ruled ruled{.expressions = {"display_name == \"A & B\" AND icon == \"i?x&y\" AND "
                                    "source_name == \"epg\" SET channel_id = \"foo\""}};
  EXPECT_EQ(ruled
                .make(channel("x",
                              "<display-name>A &amp; B</display-name><display-name>C"
                              "</display-name><icon src=\"i?x&amp;y\"/><icon src=\"j\"/>") +
                      programme("x", "T"))
                .result.programmes,
            1U);
}

TEST(GuideChannelRules, IdWhoseProgrammesComeFirstHasNoNameYet) {
  const Ruled by_name{.expressions = {"display_name == \"Foo\" SET channel_id = \"foo\""}};
  const std::string named = channel("x", "<display-name>Foo</display-name>");
  EXPECT_EQ(by_name.make(named + programme("x", "T")).result.programmes, 1U);
  EXPECT_EQ(by_name.make(programme("x", "T") + named).result.programmes, 0U);
  const Ruled without{.expressions = {"display_name == \"\" SET channel_id = \"foo\", "
                                      "display_name = \"made up\""}};
  EXPECT_EQ(without.make(programme("x", "T")).result.programmes, 1U) << "it has no <channel>";
  const auto late = without.make(programme("x", "T") + named);
  EXPECT_EQ(late.result.programmes, 1U);
  EXPECT_THAT(late.body(), HasSubstr("<display-name>Foo</display-name>"));
  EXPECT_THAT(late.body(), Not(HasSubstr("made up")));
}

TEST(GuideChannelRules, OfTwoIdsThatBecomeOneTheFirstWithProgrammesProvides) {
  const Ruled ruled{.expressions = {"SET channel_id = \"foo\""}};
  const auto both =
      ruled.make(channel("a") + channel("b") + programme("b", "of b") + programme("a", "of a"));
  EXPECT_THAT(both.body(), HasSubstr("of a"));
  EXPECT_THAT(both.body(), Not(HasSubstr("of b")));
  const auto one = ruled.make(channel("a") + channel("b") + programme("b", "of b"));
  EXPECT_THAT(one.body(), HasSubstr("of b"));
  Ruled windowed = ruled;
  windowed.options.window = true;
  windowed.now = 1767268800;  // 2026-01-01 12:00
  const auto in_window = windowed.make(channel("a") + programme("a", "of a", "20250101120000") +
                                       programme("b", "of b"));
  EXPECT_THAT(in_window.body(), HasSubstr("of b"));
}

TEST(GuideChannelRules, ChannelBetweenProgrammesOfAnotherMakesNoDifference) {
  const Ruled ruled{.expressions = {"SET channel_id = \"foo\""}};
  const std::string broken = "<programme start=\"soon\" channel=\"a\"><title>x</title></programme>";
  const auto made = ruled.make(broken + channel("b") + programme("a", "of a"));
  EXPECT_THAT(made.body(), HasSubstr("of a"));
}

TEST(GuideChannelRules, IdOfItsOwnAndOneThatBecameIt) {
  const Ruled ruled{.expressions = {"channel_id == \"x\" SET channel_id = \"foo\""}};
  const auto own_first = ruled.make(programme("foo", "own") + programme("x", "other"));
  EXPECT_THAT(own_first.body(), HasSubstr("own"));
  EXPECT_THAT(own_first.body(), Not(HasSubstr("other")));
  const auto other_first = ruled.make(programme("x", "other") + programme("foo", "own"));
  EXPECT_THAT(other_first.body(), HasSubstr("other"));
  EXPECT_THAT(other_first.body(), Not(HasSubstr("own")));
}

TEST(GuideChannelRules, IdThatBecomesAnotherIsNotMatchedAsItWas) {
  const Ruled ruled{.expressions = {"SET channel_id = \"bar\""}};
  EXPECT_EQ(ruled.make(channel("foo") + programme("foo", "T")).result.programmes, 0U);
}

TEST(GuideChannelRules, NameAndIconAreWrittenAsTheRulesLeaveThem) {
  const Ruled ruled{.expressions = {"SET display_name = \"A < B\", icon = \"http://i/n.png\""}};
  const auto made = ruled.make(
      "<channel id='foo' x='1'><display-name>Old</display-name><display-name>Older</display-name>"
      "<icon src=\"o\"/><url>u</url></channel>" +
      programme("foo", "T"));
  EXPECT_THAT(made.body(), HasSubstr("<channel id=\"foo\" x='1'>"));
  EXPECT_THAT(made.body(), HasSubstr("<display-name>A &lt; B</display-name>"));
  EXPECT_THAT(made.body(), HasSubstr("<icon src=\"http://i/n.png\"/>"));
  EXPECT_THAT(made.body(), HasSubstr("<url>u</url>"));
  EXPECT_THAT(made.body(), Not(HasSubstr("Old")));
  const auto none = ruled.make("<channel id=\"foo\"/>" + programme("foo", "T"));
  EXPECT_THAT(none.body(), HasSubstr("<display-name>A &lt; B</display-name>"));
}

TEST(GuideChannelRules, NameFromARuleIsMatchedByName) {
  Ruled ruled{
      .expressions = {"display_name matches \"^(.*) \\(DE\\)$\" SET display_name = \"$1\""}};
  ruled.options.match = GuideMatch::kName;
  EXPECT_EQ(ruled.make(channel("x", "<display-name>Foo (DE)</display-name>") + programme("x", "T"))
                .result.programmes,
            1U);
}

TEST(GuideChannelRules, WhatOtherMatchingWouldGiveIsToldOfTheNewIds) {
  const Ruled ruled{.expressions = {"SET channel_id -= \".1.\""}};
  const auto made = ruled.make(channel("F.1.OO") + programme("F.1.OO", "T"));
  EXPECT_EQ(made.result.matched, 0U);
  EXPECT_EQ(made.result.more_with_casefold, 1U);
}

TEST(GuideChannelRules, ShiftedOutputsOfARenamedChannelAreServed) {
  Ruled ruled{.expressions = {"SET channel_id = \"foo\""},
              .channels = {{.tvg_id = "foo"}, {.tvg_id = "foo", .tvg_shift = "1"}}};
  ruled.options.tvg_shift = TvgShift::kApply;
  const auto made = ruled.make(channel("x") + programme("x", "T"));
  EXPECT_THAT(made.body(), HasSubstr("<programme start=\"20260101120000\" channel=\"foo\">"));
  EXPECT_THAT(made.body(), HasSubstr("<programme start=\"20260101130000\" channel=\"foo+1h\">"));
}

}  // namespace
}  // namespace m3u_proxy::guide
