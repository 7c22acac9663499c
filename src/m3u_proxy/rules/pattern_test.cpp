#include <array>

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/rules/pattern.hpp>

namespace m3u_proxy::rules {
namespace {

std::string_view text_of(const re2::StringPiece& piece) { return {piece.data(), piece.size()}; }

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

TEST(PatternReader, ReadsAGroupBetweenTwoTexts) {
  using Bracket = std::optional<Bracketed>;
  EXPECT_EQ(bracketed("^(.*) HD$"), Bracket({.suffix = " HD"}));
  EXPECT_EQ(bracketed("(.*?) HD$"), Bracket({.suffix = " HD"}));
  EXPECT_EQ(bracketed("^UK: (.+)"), Bracket({.prefix = "UK: ", .needs_middle = true}));
  EXPECT_EQ(bracketed(R"(^a\.(.*)b$)"), Bracket({.prefix = "a.", .suffix = "b"}));
  for (const char* source : {"UK: (.*)", "^(.*) HD", "^(.*?)", "^(.*)x(.*)$", "^(.*)*$", "^a(.)b$",
                             "^a$(.*)", "(.*)^a", "^(.*)|a$", "^.*$"})
    EXPECT_EQ(bracketed(source), std::nullopt) << source;
}

TEST(PairMask, APartHasNoPairsThatTheWholeLacks) {
  const std::string_view whole = "bbc news hd première";
  for (std::size_t start = 0; start < whole.size(); ++start)
    for (std::size_t length = 0; start + length <= whole.size(); ++length)
      EXPECT_TRUE(may_contain(pair_mask(whole), pair_mask(whole.substr(start, length))));
  EXPECT_FALSE(may_contain(pair_mask("bbc news"), pair_mask("sport")));
  EXPECT_EQ(pair_mask("a"), 0U);
}

TEST(Pattern, CapturesAsRe2DoesWhateverWayItTakes) {
  for (const char* source : {"^(.*) HD$", "(.*?) HD$", "^(.+) HD$", "^BBC(.*)", "^k(.*)s$", "(.*)",
                             "(.+)", "^a(.*)a$", "^(.*) Ⓢ$"})
    for (const CaseRule case_rule : {CaseRule::kIgnore, CaseRule::kExact})
      for (const char* value :
           {"BBC News HD", "bbc hd", " HD", "x HD", "", "a", "aa", "aba", "KEYS", "\u212Aey\u017F",
            "x\n HD", "a HD\nb HD", "BBC\nx", "é HD", "Das Erste Ⓢ", "Das Erste ⓢ"}) {
        const auto pattern = Pattern::compile(source, case_rule);
        ASSERT_TRUE(pattern);
        const re2::RE2 judge((case_rule == CaseRule::kIgnore ? "(?i)" : "") + std::string(source));
        std::array<re2::StringPiece, 2> expected;
        const bool found = judge.Match(value, 0, std::string_view(value).size(),
                                       re2::RE2::UNANCHORED, expected.data(), 2);
        EXPECT_EQ((*pattern)->matches(value, folded(value)), found) << source << " in " << value;
        std::array<std::string_view, 2> groups;
        (*pattern)->capture(value, groups);
        EXPECT_EQ(groups[0], text_of(expected[0])) << source << " in " << value;
        EXPECT_EQ(groups[1], text_of(expected[1])) << source << " in " << value;
      }
}

TEST(Pattern, AnswersAsRe2DoesWhateverWayItTakes) {
  constexpr std::array<const char*, 34> kSources = {"",
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
                                                    "HD+$",
                                                    "^(.+)s$",
                                                    "^n(.*)",
                                                    "(.+)",
                                                    "^(.*)d$",
                                                    "^BBC(.*)HD$",
                                                    "^k(.*)n$"};
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
