#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/rules/expression.hpp>

namespace m3u_proxy::rules {
namespace {

using catalog::Domain;
using testing::ElementsAre;
using testing::Field;

Diagnostics filter_errors(std::string_view expression, Domain domain = Domain::kChannels) {
  auto compiled = compile_filter(domain, expression);
  return compiled ? Diagnostics{} : compiled.error();
}
Diagnostics rule_errors(std::string_view expression, Domain domain = Domain::kChannels) {
  auto compiled = compile_rule(domain, expression);
  return compiled ? Diagnostics{} : compiled.error();
}

/// "code category line:column offending > suggestion", one for each error.
std::vector<std::string> brief(const Diagnostics& diagnostics) {
  std::vector<std::string> lines;
  for (const Diagnostic& d : diagnostics) {
    std::string line(to_string(d.code));
    line += ' ';
    line += to_string(d.category);
    line += ' ' + std::to_string(d.line) + ':' + std::to_string(d.column) + ' ' + d.offending;
    if (!d.suggestion.empty()) line += " > " + d.suggestion;
    lines.push_back(line);
  }
  return lines;
}

TEST(ExpressionErrors, EmptyRule) {
  EXPECT_THAT(brief(rule_errors("  ")),
              ElementsAre("empty_expression syntax 1:1  > SET group_title = \"News\""));
}

TEST(ExpressionErrors, UnclosedQuote) {
  EXPECT_THAT(brief(filter_errors(R"e(name contains "bbc)e")),
              ElementsAre("unclosed_quote syntax 1:15 \"bbc"));
  EXPECT_THAT(brief(filter_errors(R"e(name contains 'bbc")e")),
              ElementsAre("unclosed_quote syntax 1:15 'bbc\""));
  EXPECT_THAT(brief(filter_errors(R"e(name contains "bbc\")e")),
              ElementsAre("unclosed_quote syntax 1:15 \"bbc\\\""));
}

TEST(ExpressionErrors, UnclosedParenthesis) {
  EXPECT_THAT(brief(filter_errors(R"e(name == "a" or (name == "b")e")),
              ElementsAre("unclosed_parenthesis syntax 1:16 ("));
  EXPECT_THAT(brief(rule_errors(R"e((name == "a" SET tvg_id = "b")e")),
              ElementsAre("unclosed_parenthesis syntax 1:1 ("));
  EXPECT_THAT(brief(rule_errors(R"e(((name == "a" SET tvg_id = "b"))e")),
              ElementsAre("unexpected_token syntax 1:15 SET"));
}

TEST(ExpressionErrors, UnexpectedToken) {
  EXPECT_THAT(brief(filter_errors(R"e(name == "a") or)e")),
              ElementsAre("unexpected_token syntax 1:12 )"));
  EXPECT_THAT(brief(filter_errors(R"e(name == "a" name == "b")e")),
              ElementsAre("unexpected_token syntax 1:13 name"));
  EXPECT_THAT(brief(filter_errors("name ==")), ElementsAre("unexpected_token syntax 1:8 "));
  EXPECT_THAT(brief(filter_errors("name")), ElementsAre("unexpected_token syntax 1:5 "));
  EXPECT_THAT(brief(filter_errors(R"e(name "a")e")),
              ElementsAre("unexpected_token syntax 1:6 \"a\""));
  EXPECT_THAT(brief(filter_errors(R"e("name" == "a")e")),
              ElementsAre("unexpected_token syntax 1:1 \"name\""));
  EXPECT_THAT(brief(filter_errors(R"e(and name == "a")e")),
              ElementsAre("unexpected_token syntax 1:1 and"));
  EXPECT_THAT(brief(filter_errors("()")), ElementsAre("unexpected_token syntax 1:2 )"));
  EXPECT_THAT(brief(filter_errors(R"e(name == "a" or)e")),
              ElementsAre("unexpected_token syntax 1:15 "));
  EXPECT_THAT(brief(filter_errors(R"e(not not name == "a")e")),
              ElementsAre("unexpected_token syntax 1:5 not"));
}

TEST(ExpressionErrors, ValueWithoutQuotesIsSuggestedWithThem) {
  EXPECT_THAT(brief(filter_errors("name contains bbc")),
              ElementsAre("unexpected_token syntax 1:15 bbc > \"bbc\""));
  EXPECT_THAT(brief(rule_errors("SET tvg_id = 3sat")),
              ElementsAre("unexpected_token syntax 1:14 3sat > \"3sat\""));
}

TEST(ExpressionErrors, AFilterHasNoSetAndARuleNeedsOne) {
  EXPECT_THAT(brief(filter_errors(R"e(name == "a" SET tvg_id = "b")e")),
              ElementsAre("unexpected_token syntax 1:13 SET"));
  EXPECT_THAT(brief(rule_errors(R"e(name == "a")e")), ElementsAre("unexpected_token syntax 1:12 "));
  EXPECT_THAT(brief(rule_errors(R"e((name == "a" SET tvg_id = "b") OR (name == "c"))e")),
              ElementsAre("unexpected_token syntax 1:47 )"));
  EXPECT_THAT(brief(rule_errors(R"e((name == "a" SET tvg_id = "b") SET tvg_id = "c")e")),
              ElementsAre("unexpected_token syntax 1:32 SET"));
}

TEST(ExpressionErrors, AGroupNeedsItsCondition) {
  EXPECT_THAT(brief(rule_errors(R"e((SET tvg_id = "b"))e")),
              ElementsAre("unexpected_token syntax 1:2 SET"));
}

TEST(ExpressionErrors, AGroupThatNoPatternHasIsNamed) {
  const auto brief_of = [](std::string_view rule) { return brief(rule_errors(rule)); };
  EXPECT_THAT(brief_of(R"e(SET attr:catchup-source = "?utc=${start}")e"),
              ElementsAre("unknown_capture value 1:27 \"?utc=${start}\" > $${start}"));
  EXPECT_THAT(brief_of(R"e(SET tvg_id = "$1")e"),
              ElementsAre("unknown_capture value 1:14 \"$1\" > $$1"));
  EXPECT_THAT(brief_of(R"e(SET tvg_id = "$0")e"),
              ElementsAre("unknown_capture value 1:14 \"$0\" > $$0"));
  EXPECT_THAT(brief_of(R"e(name =~ "(a)" SET tvg_id = "$12")e"),
              ElementsAre("unknown_capture value 1:28 \"$12\" > $$12"));
  EXPECT_THAT(brief_of(R"e(name =~ "(a)" SET tvg_id = "${2}")e"),
              ElementsAre("unknown_capture value 1:28 \"${2}\" > $${2}"));
  EXPECT_THAT(brief_of(R"e(name =~ "(?P<b>a)" SET tvg_id += "${B}", tvg_name -= "$1$2")e"),
              ElementsAre("unknown_capture value 1:34 \"${B}\" > $${B}",
                          "unknown_capture value 1:54 \"$1$2\" > $$2"));
  const auto errors = rule_errors(R"e(name =~ "(a)" SET tvg_id = "${x}")e");
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].message,
            "there is no group ${x}: the condition's patterns have only $1; a dollar that stands "
            "for itself is written $$");
}

TEST(ExpressionErrors, NegatedTermsAndOtherGroupsLendNoGroups) {
  EXPECT_THAT(brief(rule_errors(R"e(not name =~ "(a)" SET tvg_id = "$1")e")),
              ElementsAre("unknown_capture value 1:32 \"$1\" > $$1"));
  EXPECT_THAT(brief(rule_errors(R"e(name !~ "(?P<x>a)" SET tvg_id = "${x}")e")),
              ElementsAre("unknown_capture value 1:33 \"${x}\" > $${x}"));
  EXPECT_THAT(
      brief(rule_errors(R"e((name =~ "(a)" SET tvg_id = "$1") (name == "b" SET tvg_id = "$1"))e")),
      ElementsAre("unknown_capture value 1:61 \"$1\" > $$1"));
}

TEST(ExpressionErrors, GroupsOfATermThatIsWrongItselfAreNotMissed) {
  EXPECT_THAT(brief(rule_errors(R"e(name matchez "(a)" SET tvg_id = "$1")e")),
              ElementsAre("unknown_operator operator 1:6 matchez > matches"));
  EXPECT_THAT(brief(rule_errors(R"e(name matches "(a" SET tvg_id = "$1")e")),
              ElementsAre("invalid_regex value 1:14 \"(a\""));
}

TEST(ExpressionErrors, BrokenActions) {
  EXPECT_THAT(brief(rule_errors("SET")), ElementsAre("unexpected_token syntax 1:4 "));
  EXPECT_THAT(brief(rule_errors(R"e(SET tvg_id = "a",)e")),
              ElementsAre("unexpected_token syntax 1:18 "));
  EXPECT_THAT(brief(rule_errors("SET REMOVE")), ElementsAre("unexpected_token syntax 1:11 "));
  EXPECT_THAT(brief(rule_errors(R"e(SET tvg_id "a")e")),
              ElementsAre("unexpected_token syntax 1:12 \"a\""));
  EXPECT_THAT(brief(rule_errors(R"e(SET tvg_id = "a" tvg_name = "b")e")),
              ElementsAre("unexpected_token syntax 1:18 tvg_name"));
  EXPECT_THAT(brief(rule_errors(R"e(SET tvg_id contains "a")e")),
              ElementsAre("unknown_operator operator 1:12 contains > ="));
}

TEST(ExpressionErrors, EachModifierOnce) {
  EXPECT_THAT(brief(filter_errors(R"e(name not not contains "a")e")),
              ElementsAre("unexpected_token syntax 1:10 not"));
  EXPECT_THAT(brief(filter_errors(R"e(name case_sensitive case_sensitive == "a")e")),
              ElementsAre("unexpected_token syntax 1:21 case_sensitive"));
  EXPECT_THAT(brief(filter_errors(R"e(name not not_contains "a")e")),
              ElementsAre("unexpected_token syntax 1:10 not_contains"));
  EXPECT_THAT(brief(filter_errors(R"e(name not != "a")e")),
              ElementsAre("unexpected_token syntax 1:10 !="));
}

TEST(ExpressionErrors, UnknownOperator) {
  EXPECT_THAT(brief(filter_errors(R"e(name containz "a")e")),
              ElementsAre("unknown_operator operator 1:6 containz > contains"));
  EXPECT_THAT(brief(filter_errors(R"e(name StartsWith "a")e")),
              ElementsAre("unknown_operator operator 1:6 StartsWith > starts_with"));
  EXPECT_THAT(brief(filter_errors(R"e(name not_greater_than "a")e")),
              ElementsAre("unknown_operator operator 1:6 not_greater_than"));
  EXPECT_THAT(brief(filter_errors(R"e(name <> "a")e")),
              ElementsAre("unknown_operator operator 1:6 <> > !="));
  EXPECT_THAT(brief(filter_errors(R"e(name === "a")e")),
              ElementsAre("unknown_operator operator 1:6 === > =="));
  EXPECT_THAT(brief(filter_errors(R"e(name += "a")e")),
              ElementsAre("unknown_operator operator 1:6 +="));
  EXPECT_THAT(brief(filter_errors(R"e(name % "a")e")),
              ElementsAre("unknown_operator operator 1:6 %"));
}

TEST(ExpressionErrors, OperatorTypo) {
  EXPECT_THAT(brief(filter_errors(R"e(name = "a")e")),
              ElementsAre("operator_typo operator 1:6 = > =="));
  EXPECT_THAT(brief(rule_errors(R"e(SET tvg_id == "a")e")),
              ElementsAre("operator_typo operator 1:12 == > ="));
}

TEST(ExpressionErrors, UnknownField) {
  EXPECT_THAT(brief(filter_errors(R"e(group_tittle contains "a")e")),
              ElementsAre("unknown_field field 1:1 group_tittle > group_title"));
  EXPECT_THAT(brief(rule_errors(R"e(SET grp = "a")e")), ElementsAre("unknown_field field 1:5 grp"));
  EXPECT_THAT(brief(rule_errors(R"e(SET tvg_id = "@field:tvg_nam")e")),
              ElementsAre("unknown_field field 1:14 \"@field:tvg_nam\" > tvg_name"));
}

TEST(ExpressionErrors, AFieldInAnotherCaseIsUnknownAndTheRightOneSuggested) {
  EXPECT_THAT(brief(filter_errors(R"e(Channel_Name contains "a")e")),
              ElementsAre("unknown_field field 1:1 Channel_Name > channel_name"));
  EXPECT_THAT(brief(filter_errors(R"e(ATTR:x contains "a")e")),
              ElementsAre("unknown_field field 1:1 ATTR:x > attr:x"));
}

TEST(ExpressionErrors, FieldsBelongToTheirDomain) {
  EXPECT_THAT(brief(filter_errors(R"e(programme_title contains "a")e")),
              ElementsAre("unknown_field field 1:1 programme_title"));
  EXPECT_THAT(brief(filter_errors(R"e(tvg_id contains "a")e", Domain::kProgrammes)),
              ElementsAre("unknown_field field 1:1 tvg_id"));
  EXPECT_THAT(brief(filter_errors(R"e(title contains "a")e", Domain::kProgrammes)), ElementsAre());
}

TEST(ExpressionErrors, ReadOnlyField) {
  for (const std::string_view field : {"source_name", "source_type", "source_url", "media_type"}) {
    const std::string rule = "SET " + std::string(field) + " = \"a\"";
    EXPECT_THAT(brief(rule_errors(rule)),
                ElementsAre("read_only_field field 1:5 " + std::string(field)));
    EXPECT_THAT(brief(rule_errors(rule, Domain::kProgrammes)),
                ElementsAre("read_only_field field 1:5 " + std::string(field)));
  }
}

TEST(ExpressionErrors, ClearingNameOrUrl) {
  EXPECT_THAT(brief(rule_errors("SET REMOVE channel_name")),
              ElementsAre("read_only_field field 1:12 channel_name"));
  EXPECT_THAT(brief(rule_errors(R"e(SET url = "")e")),
              ElementsAre("read_only_field field 1:5 url"));
  EXPECT_THAT(
      brief(rule_errors(R"e(SET name = "  ", stream_url = " ")e")),
      ElementsAre("read_only_field field 1:5 name", "read_only_field field 1:18 stream_url"));
}

TEST(ExpressionErrors, InvalidRegex) {
  EXPECT_THAT(brief(filter_errors(R"e(name matches "(a")e")),
              ElementsAre("invalid_regex value 1:14 \"(a\""));
  EXPECT_THAT(filter_errors(R"e(name matches "(a")e").at(0).message,
              testing::HasSubstr("missing )"));
  EXPECT_THAT(brief(filter_errors(R"e(name matches "a(?=b)")e")),
              ElementsAre("invalid_regex value 1:14 \"a(?=b)\""));
  EXPECT_THAT(brief(filter_errors(R"e(name matches "(a)\1")e")),
              ElementsAre("invalid_regex value 1:14 \"(a)\\1\""));
}

TEST(ExpressionErrors, ARegexTooLargeForItsConstantIsInvalid) {
  EXPECT_THAT(brief(filter_errors(R"e(name matches "((\pL{100}){9}){9}")e")),
              ElementsAre(testing::StartsWith("invalid_regex value 1:14 ")));
}

TEST(ExpressionErrors, RegexesTooLargeTogetherAreInvalid) {
  std::string expression = R"e(name matches "\pL{90}")e";
  for (int i = 0; i < 40; ++i) expression += R"e( or name matches "\pL{90}")e";
  const auto errors = filter_errors(expression);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].code, Code::kInvalidRegex);
  EXPECT_THAT(errors[0].message, testing::HasSubstr("together"));
}

TEST(ExpressionErrors, InvalidHelper) {
  const auto helper = [](std::string_view value) {
    return brief(rule_errors("SET tvg_logo = '" + std::string(value) + "'"));
  };
  const auto bad = [](std::string_view value, std::string_view suggestion) {
    std::string line = "invalid_helper value 1:16 '" + std::string(value) + "'";
    if (!suggestion.empty()) line += " > " + std::string(suggestion);
    return line;
  };
  EXPECT_THAT(helper("@logo:abc"), ElementsAre(bad("@logo:abc", "")));
  EXPECT_THAT(helper("@logos:abc"), ElementsAre(bad("@logos:abc", "@logo:")));
  EXPECT_THAT(helper("@Time:now()"), ElementsAre(bad("@Time:now()", "@time:")));
  EXPECT_THAT(helper("@what:x"), ElementsAre(bad("@what:x", "")));
  EXPECT_THAT(helper("@time:tomorrow()"), ElementsAre(bad("@time:tomorrow()", "@time:now()")));
  EXPECT_THAT(helper("@time:now() + x"), ElementsAre(bad("@time:now() + x", "@time:now() + 3600")));
  EXPECT_THAT(helper("@time:now() 5"), ElementsAre(bad("@time:now() 5", "@time:now() + 3600")));
  EXPECT_THAT(helper("@time:now() + 9223372036854775807"),
              ElementsAre(bad("@time:now() + 9223372036854775807", "")));
  EXPECT_THAT(helper("@time:now() + 9223372036854775808"),
              ElementsAre(bad("@time:now() + 9223372036854775808", "@time:now() + 3600")));
  EXPECT_THAT(helper("@time:now() + 253402300800"),
              ElementsAre(bad("@time:now() + 253402300800", "")))
      << "the year 10000";
}

TEST(ExpressionErrors, ABadDateIsNever1970) {
  for (const std::string_view date :
       {"", "soon", "2024-13-01", "2024-02-30", "31/02/2024 10:00:00"})
    EXPECT_THAT(brief(rule_errors("SET attr:t = '@time:parse(\"" + std::string(date) + "\")'")),
                ElementsAre(testing::StartsWith("invalid_helper value 1:14 ")))
        << date;
  EXPECT_THAT(brief(filter_errors(R"e(tvg_id > "@time:parse(x)")e")),
              ElementsAre(testing::StartsWith("invalid_helper value 1:10 ")));
}

TEST(ExpressionErrors, ValueTooLong) {
  const auto with = [](std::size_t length) {
    return brief(filter_errors("name == \"" + std::string(length, 'x') + "\""));
  };
  EXPECT_THAT(with(32'768), ElementsAre());
  EXPECT_THAT(with(32'769), ElementsAre(testing::StartsWith("value_too_long value 1:9 \"xxx")));
}

TEST(ExpressionErrors, ExpressionTooLarge) {
  const std::string head = R"e(name == "a")e";
  EXPECT_THAT(brief(filter_errors(head + std::string(65'536 - head.size(), ' '))), ElementsAre());
  EXPECT_THAT(brief(filter_errors(head + std::string(65'537 - head.size(), ' '))),
              ElementsAre("expression_too_large syntax 1:65537 "));
}

TEST(ExpressionErrors, NestingBeyond100) {
  const std::string expression = std::string(101, '(') + R"e(name == "a")e" + std::string(101, ')');
  EXPECT_THAT(brief(filter_errors(expression)), ElementsAre("expression_too_large syntax 1:101 ("));
  EXPECT_THAT(brief(filter_errors(std::string(60'000, '('))),
              ElementsAre("expression_too_large syntax 1:101 ("));
}

TEST(ExpressionErrors, InvalidUtf8) {
  EXPECT_THAT(brief(filter_errors("name == \"\xff\"")),
              ElementsAre(testing::StartsWith("unexpected_token syntax 1:1 ")));
}

TEST(ExpressionErrors, ComeAllAtOnceInTheTextsOrder) {
  EXPECT_THAT(
      brief(rule_errors(R"e(group_tittle containz "a" and name = "b" and tvg_id matches "(" )e"
                        R"e(SET source_name = "x", tvg_logo = "@logo:1", tvg_nam = "y")e")),
      ElementsAre("unknown_field field 1:1 group_tittle > group_title",
                  "unknown_operator operator 1:14 containz > contains",
                  "operator_typo operator 1:36 = > ==", "invalid_regex value 1:61 \"(\"",
                  "read_only_field field 1:69 source_name", "invalid_helper value 1:99 \"@logo:1\"",
                  "unknown_field field 1:110 tvg_nam > tvg_name"));
}

TEST(ExpressionErrors, PlaceCountsLinesAndCharacters) {
  EXPECT_THAT(brief(filter_errors("name == \"Ж\" and\n  naam == \"Ж\" and\n\tx == 'é' y")),
              ElementsAre("unknown_field field 2:3 naam > name", "unknown_field field 3:2 x",
                          "unexpected_token syntax 3:11 y"));
}

TEST(DiagnosticPretty, PointsAtTheOffendingText) {
  constexpr std::string_view kExpression = R"e(channel_name containz "a")e";
  EXPECT_EQ(filter_errors(kExpression).at(0).pretty(kExpression),
            "1:14: there is no operator 'containz' (did you mean 'contains'?)\n"
            "  channel_name containz \"a\"\n"
            "               ^~~~~~~~");
}

TEST(DiagnosticPretty, ShowsTheLineOfTheErrorOnly) {
  constexpr std::string_view kExpression = "name == \"a\" and\n\tgrp == \"b\"\n or name == \"c\"";
  EXPECT_EQ(filter_errors(kExpression).at(0).pretty(kExpression),
            "2:2: there is no field 'grp'\n"
            "   grp == \"b\"\n"
            "   ^~~");
}

TEST(DiagnosticPretty, PointsBehindTheEnd) {
  EXPECT_EQ(filter_errors("name ==").at(0).pretty("name =="),
            "1:8: a value in quotes is expected here\n"
            "  name ==\n"
            "         ^");
}

TEST(DiagnosticPretty, CutsALongLineAroundThePlace) {
  const std::string expression =
      "name == \"" + std::string(1000, 'a') + "\" and grp == \"" + std::string(1000, 'b') + "\"";
  const std::string text = filter_errors(expression).at(0).pretty(expression);
  EXPECT_LT(text.size(), 300U);
  EXPECT_THAT(text, testing::HasSubstr("grp == \"bbb"));
}

TEST(DiagnosticNames, AreThoseOfTheDocumentation) {
  EXPECT_EQ(to_string(Code::kEmptyExpression), "empty_expression");
  EXPECT_EQ(to_string(Code::kUnclosedQuote), "unclosed_quote");
  EXPECT_EQ(to_string(Code::kUnclosedParenthesis), "unclosed_parenthesis");
  EXPECT_EQ(to_string(Code::kUnexpectedToken), "unexpected_token");
  EXPECT_EQ(to_string(Code::kUnknownOperator), "unknown_operator");
  EXPECT_EQ(to_string(Code::kOperatorTypo), "operator_typo");
  EXPECT_EQ(to_string(Code::kUnknownField), "unknown_field");
  EXPECT_EQ(to_string(Code::kReadOnlyField), "read_only_field");
  EXPECT_EQ(to_string(Code::kInvalidRegex), "invalid_regex");
  EXPECT_EQ(to_string(Code::kInvalidHelper), "invalid_helper");
  EXPECT_EQ(to_string(Code::kValueTooLong), "value_too_long");
  EXPECT_EQ(to_string(Code::kExpressionTooLarge), "expression_too_large");
}

}  // namespace
}  // namespace m3u_proxy::rules
