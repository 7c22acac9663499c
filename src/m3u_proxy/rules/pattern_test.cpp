#include <array>

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/rules/pattern.hpp>

namespace m3u_proxy::rules {
namespace {

using Plain = std::optional<std::vector<PlainText>>;

TEST(PatternReader, PlainTextWithItsAnchors) {
  EXPECT_EQ(plain_alternatives("news"), Plain({{.text = "news"}}));
  EXPECT_EQ(plain_alternatives("^news"), Plain({{.text = "news", .at_start = true}}));
  EXPECT_EQ(plain_alternatives("news$"), Plain({{.text = "news", .at_end = true}}));
  EXPECT_EQ(plain_alternatives("^$"), Plain({{.text = "", .at_start = true, .at_end = true}}));
  EXPECT_EQ(plain_alternatives(R"(a\.b\|c\\)"), Plain({{.text = R"(a.b|c\)"}}));
  EXPECT_EQ(plain_alternatives("news|^sport$"),
            Plain({{.text = "news"}, {.text = "sport", .at_start = true, .at_end = true}}));
}

TEST(PatternReader, EverythingElseIsNoPlainText) {
  for (const char* source : {"a.b", "a*", "a+", "a?", "a{2}", "(a)", "[a]", "a^b", "a$b", R"(\d)",
                             R"(\bx)", "(?i)a", "a|b*", R"(\)", R"(\x41)", R"(\Qa.b\E)"})
    EXPECT_EQ(plain_alternatives(source), std::nullopt) << source;
}

TEST(PatternReader, FindsTheLongestTextOfEveryMatch) {
  EXPECT_EQ(required_text("^(.*) HD$"), " HD");
  EXPECT_EQ(required_text("ab.cdef[x]gh"), "cdef");
  EXPECT_EQ(required_text("abc?d"), "ab");
  EXPECT_EQ(required_text("abc+d"), "abc");
  EXPECT_EQ(required_text("xабв*"), "xаб");
  EXPECT_EQ(required_text("abc{2,3}de"), "ab");
  EXPECT_EQ(required_text(R"(\d+ (uk|us) news\.)"), " news.");
  EXPECT_EQ(required_text("[]x]abc[^]y]d"), "abc");
  EXPECT_EQ(required_text("(?P<n>x(y)[)])abc"), "abc");
}

TEST(PatternReader, GivesUpWhereItIsNotSure) {
  for (const char* source : {"abc|def", "(?i)abc", "(?s:a)bc", R"(abc\x41)", R"(abc\pL)",
                             R"(\Qabc\E)", "abc[[:alpha:]]", R"((\Q)\E)abc)", "abc{x}"})
    EXPECT_EQ(required_text(source), "") << source;
}

TEST(Pattern, AnswersAsRe2DoesWhateverWayItTakes) {
  constexpr std::array<const char*, 28> kSources = {"",
                                                    "^$",
                                                    "news",
                                                    "^news",
                                                    "news$",
                                                    "^news$",
                                                    "news|sport",
                                                    "^bbc|hd$",
                                                    "a|b|c|d|e",
                                                    "^(.*) HD$",
                                                    "(.*)",
                                                    "n.ws",
                                                    "bbc (news|one) hd",
                                                    R"(\bHD\b)",
                                                    R"(\d+)",
                                                    "[a-m]$",
                                                    "ne?ws",
                                                    "w{1,2}s",
                                                    "(?-i)News",
                                                    "(?i)NEWS",
                                                    "k",
                                                    "kelvin",
                                                    "s+port",
                                                    "первый",
                                                    "ß",
                                                    "ſ",
                                                    R"(\.ts$)",
                                                    "HD+$"};
  constexpr std::array<const char*, 16> kValues = {
      "",       "news", "News",       "BBC News HD", "BBC one HD", "Sport",
      "sports", "HD",   "x HD ",      "\u212Aelvin", "\u017Fport", "ПЕРВЫЙ",
      "SS ß ẞ", "a.ts", "a\nnews\nb", "42"};
  for (const char* source : kSources)
    for (const CaseRule case_rule : {CaseRule::kIgnore, CaseRule::kExact}) {
      const auto pattern = Pattern::compile(source, case_rule);
      ASSERT_TRUE(pattern) << source;
      const re2::RE2 judge((case_rule == CaseRule::kIgnore ? "(?i)" : "") + std::string(source));
      for (const char* value : kValues)
        EXPECT_EQ((*pattern)->matches(value, folded(value)), re2::RE2::PartialMatch(value, judge))
            << source << " in " << value;
    }
}

TEST(Pattern, PlainTextAndRequiredTextAreUsed) {
  EXPECT_TRUE((*Pattern::compile("news|sport", CaseRule::kIgnore))->is_plain_text());
  EXPECT_EQ((*Pattern::compile("^(.*) HD$", CaseRule::kIgnore))->required_text(), " hd");
  EXPECT_EQ((*Pattern::compile("^(.*) HD$", CaseRule::kExact))->required_text(), " HD");
  EXPECT_FALSE((*Pattern::compile("^(.*) HD$", CaseRule::kExact))->is_costly());
  EXPECT_TRUE((*Pattern::compile("n.w", CaseRule::kIgnore))->is_costly());
}

TEST(Pattern, CapturesAreEmptyWithoutAMatch) {
  const auto pattern = Pattern::compile("(a)(b)?", CaseRule::kIgnore);
  ASSERT_TRUE(pattern);
  std::array<std::string_view, 3> groups = {"x", "y", "z"};
  (*pattern)->capture("q", groups);
  EXPECT_EQ(groups, (std::array<std::string_view, 3>{"", "", ""}));
  (*pattern)->capture("qAq", groups);
  EXPECT_EQ(groups, (std::array<std::string_view, 3>{"A", "A", ""}));
}

TEST(Pattern, ALargePatternIsTakenAndATooLargeOneRefused) {
  std::string names = "name0";
  for (int i = 1; i < 2500; ++i) names += "|name" + std::to_string(i * 7919);
  EXPECT_TRUE(Pattern::compile(names, CaseRule::kIgnore)) << "beyond the first bound";
  const auto refused = Pattern::compile(R"(((\pL{100}){9}){9})", CaseRule::kIgnore);
  ASSERT_FALSE(refused);
  EXPECT_FALSE(refused.error().empty());
}

}  // namespace
}  // namespace m3u_proxy::rules
