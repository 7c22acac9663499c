#include <string>

#include <gtest/gtest.h>

#include <m3u_proxy/rules/expression.hpp>
#include <m3u_proxy/rules/map_record_testing.hpp>

namespace m3u_proxy::rules {
namespace {

using catalog::Domain;

constexpr Environment kEnvironment{.now = 1'700'000'000};  // 2023-11-14T22:13:20Z

bool matches(std::string_view expression, const MapRecord& record,
             Domain domain = Domain::kChannels) {
  const auto filter = compile_filter(domain, expression, kEnvironment);
  EXPECT_TRUE(filter.has_value()) << expression << "\n"
                                  << (filter ? std::string()
                                             : filter.error().front().pretty(expression));
  if (!filter) return false;
  Scratch scratch;
  return filter->matches(record, scratch);
}

MapRecord news() {
  return MapRecord(Domain::kChannels, {{"channel_name", "BBC News HD"},
                                       {"group_title", "UK | News"},
                                       {"tvg_chno", "5.1"},
                                       {"tvg_id", "bbc.uk"},
                                       {"stream_url", "http://x/1.ts"},
                                       {"source_name", "tv"},
                                       {"attr:catchup-days", "7"}});
}

TEST(FilterExpression, EmptyIsEverything) {
  EXPECT_TRUE(matches("", news()));
  EXPECT_TRUE(matches(" \n\t ", news()));
}

TEST(FilterExpression, ContainsFindsAPartWithoutCase) {
  EXPECT_TRUE(matches(R"e(channel_name contains "nEwS")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name contains "sport")e", news()));
}

TEST(FilterExpression, EqualsNeedsTheWholeText) {
  EXPECT_TRUE(matches(R"e(channel_name equals "bbc news hd")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name equals "bbc news")e", news()));
}

TEST(FilterExpression, StartsWithAndEndsWith) {
  EXPECT_TRUE(matches(R"e(channel_name starts_with "bbc")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name starts_with "news")e", news()));
  EXPECT_TRUE(matches(R"e(channel_name ends_with "hd")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name ends_with "news")e", news()));
}

TEST(FilterExpression, MatchesSearchesAnywhere) {
  EXPECT_TRUE(matches(R"e(channel_name matches "ne.s")e", news()));
  EXPECT_TRUE(matches(R"e(channel_name matches "^bbc.*hd$")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name matches "^news")e", news()));
}

TEST(FilterExpression, NotBeforeEachOperator) {
  EXPECT_FALSE(matches(R"e(channel_name not contains "news")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name not equals "BBC News HD")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name not matches "news")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name not starts_with "bbc")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name not ends_with "hd")e", news()));
  EXPECT_FALSE(matches(R"e(tvg_chno not greater_than 5)e", news()));
  EXPECT_TRUE(matches(R"e(tvg_chno not less_than 5)e", news()));
  EXPECT_FALSE(matches(R"e(tvg_chno not greater_than_or_equal 5)e", news()));
  EXPECT_TRUE(matches(R"e(tvg_chno not less_than_or_equal 5)e", news()));
}

TEST(FilterExpression, NotJoinedToTheFirstFiveOperators) {
  EXPECT_FALSE(matches(R"e(channel_name not_contains "news")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name not_equals "BBC News HD")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name not_matches "news")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name not_starts_with "bbc")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name not_ends_with "hd")e", news()));
  EXPECT_TRUE(matches(R"e(channel_name not_contains "sport")e", news()));
}

TEST(FilterExpression, SymbolsMeanTheSameAsWords) {
  EXPECT_TRUE(matches(R"e(channel_name == "bbc news hd")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name != "bbc news hd")e", news()));
  EXPECT_TRUE(matches(R"e(channel_name =~ "n.ws")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name !~ "n.ws")e", news()));
  EXPECT_TRUE(matches(R"e(tvg_chno>5&&tvg_chno<6)e", news()));
  EXPECT_TRUE(matches(R"e(tvg_chno>=5.1||tvg_chno<=1)e", news()));
  EXPECT_TRUE(matches(R"e(!(tvg_chno<5))e", news()));
  EXPECT_TRUE(matches(R"e(!channel_name=="x")e", news()));
}

TEST(FilterExpression, SymbolsInsideQuotesAreText) {
  EXPECT_TRUE(matches(R"e(group_title contains "| news")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name contains "&& || ! SET")e", news()));
}

TEST(FilterExpression, KeywordsAndOperatorsInAnyCase) {
  EXPECT_TRUE(matches(R"e(channel_name CONTAINS "bbc" And Not tvg_id Equals "x" oR tvg_id == "y")e",
                      news()));
  EXPECT_FALSE(matches(R"e(channel_name NOT Case_Sensitive Contains "BBC")e", news()));
}

TEST(FilterExpression, CaseSensitiveIsExactForEveryTextOperator) {
  EXPECT_FALSE(matches(R"e(channel_name case_sensitive contains "news")e", news()));
  EXPECT_TRUE(matches(R"e(channel_name case_sensitive contains "News")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name case_sensitive equals "bbc news hd")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name case_sensitive matches "n.ws")e", news()));
  EXPECT_TRUE(matches(R"e(channel_name case_sensitive matches "N.ws")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name case_sensitive matches "news")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name case_sensitive starts_with "bbc")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name case_sensitive ends_with "hd")e", news()));
  EXPECT_TRUE(matches(R"e(channel_name case_sensitive not contains "news")e", news()));
  EXPECT_TRUE(matches(R"e(channel_name not case_sensitive contains "news")e", news()));
}

TEST(FilterExpression, FoldsBeyondAscii) {
  const MapRecord record(Domain::kChannels,
                         {{"channel_name", "ÉCRAN ПЕРВЫЙ Σίγμας"}, {"group_title", "\u212Aelvin"}});
  EXPECT_TRUE(matches(R"e(channel_name contains "écran первый")e", record));
  EXPECT_TRUE(matches(R"e(channel_name ends_with "σίγμασ")e", record));
  EXPECT_TRUE(matches(R"e(channel_name starts_with "écran")e", record));
  EXPECT_TRUE(matches(R"e(channel_name matches "первый")e", record));
  EXPECT_TRUE(matches(R"e(channel_name matches "перв.. ")e", record));
  EXPECT_TRUE(matches(R"e(group_title equals "KELVIN")e", record));
  EXPECT_TRUE(matches(R"e(group_title matches "^k.lvin$")e", record));
  EXPECT_FALSE(matches(R"e(channel_name case_sensitive contains "первый")e", record));
}

TEST(FilterExpression, MissingFieldIsTheEmptyText) {
  EXPECT_TRUE(matches(R"e(tvg_logo equals "")e", news()));
  EXPECT_TRUE(matches(R"e(attr:nothing == "")e", news()));
  EXPECT_TRUE(matches(R"e(tvg_logo matches "^$")e", news()));
  EXPECT_FALSE(matches(R"e(tvg_logo contains "x")e", news()));
  EXPECT_FALSE(matches(R"e(channel_name equals "")e", news()));
}

TEST(FilterExpression, AttributesAliasesAndHyphensNameFields) {
  EXPECT_TRUE(matches(R"e(attr:catchup-days == "7")e", news()));
  EXPECT_TRUE(matches(R"e(name contains "bbc" and channel_group contains "uk")e", news()));
  EXPECT_TRUE(matches(R"e(tvg-chno > 5 and group-title contains "uk")e", news()));
  EXPECT_TRUE(matches(R"e(channel_number > 5 and url ends_with ".ts")e", news()));
}

TEST(FilterExpression, NotBindsStrongerThanAndThanOr) {
  // a OR b AND c == a OR (b AND c)
  EXPECT_TRUE(
      matches(R"e(name contains "bbc" or name contains "x" and name contains "y")e", news()));
  EXPECT_FALSE(
      matches(R"e((name contains "bbc" or name contains "x") and name contains "y")e", news()));
  // NOT a AND b == (NOT a) AND b
  EXPECT_FALSE(matches(R"e(not name contains "x" and name contains "y")e", news()));
  EXPECT_TRUE(matches(R"e(not (name contains "x" and name contains "y"))e", news()));
  // NOT a OR b == (NOT a) OR b
  EXPECT_TRUE(matches(R"e(not name contains "bbc" or tvg_id == "bbc.uk")e", news()));
  EXPECT_FALSE(matches(R"e(not (name contains "bbc" or tvg_id == "bbc.uk"))e", news()));
}

/// `shape` with each letter as a condition of its own: A is true when tvg_id is 1, and so on.
std::string with_conditions(std::string_view shape) {
  std::string expression;
  for (const char c : shape) {
    if (c == 'A')
      expression += R"e(tvg_id == "1")e";
    else if (c == 'B')
      expression += R"e(tvg_name == "1")e";
    else if (c == 'C')
      expression += R"e(tvg_logo == "1")e";
    else
      expression += c;
  }
  return expression;
}

/// The answers for A, B, C = 000, 001, … 111.
std::string answers(std::string_view shape) {
  std::string out;
  for (const char* a : {"0", "1"})
    for (const char* b : {"0", "1"})
      for (const char* c : {"0", "1"}) {
        const MapRecord record(Domain::kChannels,
                               {{"tvg_id", a}, {"tvg_name", b}, {"tvg_logo", c}});
        out += matches(with_conditions(shape), record) ? '1' : '0';
      }
  return out;
}

TEST(FilterExpression, AgreesWithATruthTableOfEveryShape) {
  EXPECT_EQ(answers("A and B or C"), "01010111");
  EXPECT_EQ(answers("A or B and C"), "00011111");
  EXPECT_EQ(answers("A and (B or C)"), "00000111");
  EXPECT_EQ(answers("not A or not (B and C)"), "11111110");
  EXPECT_EQ(answers("not (not (A or B) and C)"), "10111111");
  EXPECT_EQ(answers("A and B and C or not A"), "11110001");
  EXPECT_EQ(answers("not (A or B or C)"), "10000000");
}

TEST(FilterExpression, EscapesInQuotes) {
  const MapRecord record(Domain::kChannels, {{"channel_name", R"e(a"b'c\d)e"}});
  EXPECT_TRUE(matches(R"e(name == "a\"b'c\\d")e", record));
  EXPECT_TRUE(matches(R"e(name == 'a"b\'c\\d')e", record));
  EXPECT_TRUE(matches(R"e(name == "a\"b\'c\d")e", record)) << "any other backslash is literal";
}

TEST(FilterExpression, BackslashesReachTheRegularExpression) {
  const MapRecord record(Domain::kChannels, {{"channel_name", "Channel 42"}});
  EXPECT_TRUE(matches(R"e(name matches "\d+$")e", record));
  EXPECT_TRUE(matches(R"e(name matches "\\d+$")e", record)) << "two backslashes are one";
  EXPECT_FALSE(matches(R"e(name matches "\D$")e", record));
}

TEST(FilterExpression, NumbersNeedNoQuotes) {
  EXPECT_TRUE(matches("tvg_chno == 5.1", news()));
  EXPECT_TRUE(matches("tvg_chno > -3", news()));
  EXPECT_TRUE(matches("attr:catchup-days equals 7", news()));
}

MapRecord numbered(std::string_view number) {
  return MapRecord(Domain::kChannels, {{"tvg_chno", number}});
}

TEST(FilterOrder, NumbersCompareByValue) {
  EXPECT_TRUE(matches("tvg_chno > 9", numbered("10")));
  EXPECT_TRUE(matches("tvg_chno > 5", numbered("5.1")));
  EXPECT_TRUE(matches("attr:rate < 5.1", MapRecord(Domain::kChannels, {{"attr:rate", "5.09"}})));
  EXPECT_TRUE(matches("attr:rate >= 5.10", MapRecord(Domain::kChannels, {{"attr:rate", "5.1"}})));
  EXPECT_TRUE(matches("tvg_chno <= 7", numbered("007")));
  EXPECT_TRUE(matches("tvg_chno < -1", numbered("-1.5")));
  EXPECT_FALSE(matches("tvg_chno > 5", numbered("5")));
  EXPECT_TRUE(matches("tvg_chno > 9007199254740992", numbered("9007199254740993")));
}

TEST(FilterOrder, ChannelNumbersCompareByTheirTwoParts) {
  EXPECT_TRUE(matches("tvg_chno > 5.2", numbered("5.10")));
  EXPECT_TRUE(matches("tvg_chno > 5.1", numbered("5.09"))) << "nine is more than one";
  EXPECT_FALSE(matches("tvg_chno >= 5.10", numbered("5.1"))) << "one is less than ten";
  EXPECT_TRUE(matches("tvg_chno < 6", numbered("5.10")));
  EXPECT_TRUE(matches("tvg_chno >= 84", numbered("84.0")));
}

TEST(FilterOrder, ANumberAgainstAnythingElseIsFalse) {
  for (const std::string_view op : {">", "<", ">=", "<="}) {
    EXPECT_FALSE(matches("tvg_chno " + std::string(op) + " 5", numbered("abc"))) << op;
    EXPECT_FALSE(matches("tvg_chno " + std::string(op) + " 5", numbered(""))) << op;
    EXPECT_FALSE(matches("tvg_chno " + std::string(op) + " \"abc\"", numbered("5"))) << op;
    EXPECT_FALSE(matches("tvg_chno " + std::string(op) + " \"\"", numbered("5"))) << op;
  }
  EXPECT_TRUE(matches("tvg_chno not > 5", numbered("abc"))) << "the negation of false";
}

TEST(FilterOrder, DatesCompareAsInstantsWhateverTheirSpelling) {
  const MapRecord programme(Domain::kProgrammes, {{"start", "20240501203000 +0200"}});
  const auto check = [&](std::string_view e) { return matches(e, programme, Domain::kProgrammes); };
  EXPECT_TRUE(check(R"e(start >= "2024-05-01 18:30:00" and start <= "2024-05-01 18:30:00")e"));
  EXPECT_TRUE(check(R"e(start > "2024-05-01T20:29:59+02:00")e"));
  EXPECT_TRUE(check(R"e(start < "01/05/2024 18:30:01")e"));
  EXPECT_TRUE(check(R"e(start > "2024-05-01")e"));
  EXPECT_TRUE(check(R"e(start > 1714588199)e"));
  EXPECT_FALSE(check(R"e(start > 1714588200)e"));
}

TEST(FilterOrder, OtherValuesCompareAsTextWithoutCase) {
  EXPECT_TRUE(matches(R"e(tvg_id > "ABC")e", MapRecord(Domain::kChannels, {{"tvg_id", "abd"}})));
  EXPECT_TRUE(matches(R"e(tvg_id >= "ABC")e", MapRecord(Domain::kChannels, {{"tvg_id", "abc"}})));
  EXPECT_FALSE(matches(R"e(tvg_id case_sensitive < "ABC")e",
                       MapRecord(Domain::kChannels, {{"tvg_id", "abb"}})));
  EXPECT_TRUE(matches(R"e(tvg_id < "a")e", MapRecord(Domain::kChannels))) << "empty before text";
}

TEST(FilterHelpers, TimeNowIsTheEnvironmentsAndAnInstant) {
  const auto at = [](std::string_view start) {
    return MapRecord(Domain::kProgrammes, {{"start", start}});
  };
  const auto check = [](std::string_view e, const MapRecord& record) {
    return matches(e, record, Domain::kProgrammes);
  };
  EXPECT_TRUE(check(R"e(start > "@time:now()")e", at("20231114221321 +0000")));
  EXPECT_FALSE(check(R"e(start > "@time:now()")e", at("20231114221320 +0000")));
  EXPECT_TRUE(check(R"e(start >= "@time:now()")e", at("20231114221320")))
      << "14 digits are a date, not a number";
  EXPECT_TRUE(check(R"e(start < "@time:now() + 3600")e", at("20231114231319 +0000")));
  EXPECT_FALSE(check(R"e(start < "@time:now()-60")e", at("20231114221220 +0000")));
  EXPECT_TRUE(check(R"e(start == '@time:parse("2023-11-14 22:13:20")')e", at("1700000000")));
  EXPECT_FALSE(check(R"e(start > "@time:now()")e", at("soon")));
}

TEST(FilterHelpers, FieldComparesWithAnotherField) {
  const MapRecord same(Domain::kChannels, {{"channel_name", "ARD HD"}, {"tvg_name", "ard"}});
  EXPECT_TRUE(matches(R"e(channel_name starts_with "@field:tvg_name")e", same));
  EXPECT_FALSE(matches(R"e(channel_name == "@field:tvg_name")e", same));
  EXPECT_TRUE(matches(R"e(channel_name == "@field:tvg_name HD")e", same));
  EXPECT_FALSE(matches(R"e(channel_name case_sensitive starts_with "@field:tvg_name")e", same));
}

TEST(FilterHelpers, DollarIsATextInConditions) {
  EXPECT_TRUE(matches(R"e(name == "$1 $$")e", MapRecord(Domain::kChannels, {{"name", "$1 $$"}})));
}

TEST(FilterExpression, ProgrammeFieldsAndAliases) {
  const MapRecord programme(Domain::kProgrammes,
                            {{"programme_title", "News"}, {"season_num", "3"}});
  EXPECT_TRUE(matches(R"e(title == "news" and program_title == "news" and prog_title == "news")e",
                      programme, Domain::kProgrammes));
  EXPECT_TRUE(matches("season_number > 2", programme, Domain::kProgrammes));
}

TEST(FilterExpression, AnyOfSeveralCategoriesWillDo) {
  const MapRecord film(Domain::kProgrammes, {{"programme_category", "Film"},
                                             {"programme_category", "Crime 2"},
                                             {"programme_category", "Thriller"},
                                             {"programme_title", "thriller"}});
  for (const auto* const yes :
       {R"e(programme_category == "film")e", R"e(program_category contains "crime")e",
        R"e(programme_category matches "^thr.*r$")e",
        R"e(programme_category case_sensitive equals "Crime 2")e",
        R"e(programme_category starts_with "thri")e", R"e(programme_category ends_with "2")e",
        R"e(programme_category == "@field:programme_title")e",
        R"e(programme_category == "film" AND programme_category == "thriller")e",
        R"e(programme_category not equals "News")e"})
    EXPECT_TRUE(matches(yes, film, Domain::kProgrammes)) << yes;
  for (const auto* const no :
       {R"e(programme_category == "news")e", R"e(programme_category != "crime 2")e",
        R"e(programme_category not contains "thriller")e",
        R"e(programme_category case_sensitive equals "crime 2")e",
        R"e(programme_category !~ "^crime")e", R"e(programme_title == "film")e",
        R"e(programme_category == "")e"})
    EXPECT_FALSE(matches(no, film, Domain::kProgrammes)) << no;
}

TEST(FilterExpression, NestingOf100IsAllowed) {
  const std::string open(100, '(');
  const std::string close(100, ')');
  EXPECT_TRUE(matches(open + R"e(name contains "bbc")e" + close, news()));
}

TEST(FilterExpression, OneScratchServesManyFiltersAndRecords) {
  const auto a = compile_filter(Domain::kChannels, R"e(name == "a" and tvg_id == "1")e");
  const auto b = compile_filter(Domain::kChannels, R"e(tvg_id == "2" and name == "b")e");
  ASSERT_TRUE(a && b);
  const MapRecord first(Domain::kChannels, {{"name", "a"}, {"tvg_id", "1"}});
  const MapRecord second(Domain::kChannels, {{"name", "b"}, {"tvg_id", "2"}});
  Scratch scratch;
  EXPECT_TRUE(a->matches(first, scratch));
  EXPECT_FALSE(b->matches(first, scratch));
  EXPECT_FALSE(a->matches(second, scratch));
  EXPECT_TRUE(b->matches(second, scratch));
}

TEST(FilterComparison, ChannelNumbersCompareByWholeThenByPart) {
  const auto holds_for = [](std::string_view number, std::string_view condition) {
    const MapRecord record(Domain::kChannels,
                           {{"tvg_chno", std::string(number)}, {"attr:x", std::string(number)}});
    Scratch scratch;
    const auto filter = compile_filter(Domain::kChannels, condition);
    EXPECT_TRUE(filter) << condition;
    return filter && filter->matches(record, scratch);
  };
  EXPECT_TRUE(holds_for("5.2", R"e(tvg_chno < "5.10")e"));
  EXPECT_TRUE(holds_for("5.10", R"e(channel_number > 5.9)e"));
  EXPECT_TRUE(holds_for("6", R"e(tvg-chno > "5.999")e"));
  EXPECT_TRUE(holds_for("10.1", R"e(tvg_chno > 9.10)e"));
  EXPECT_TRUE(holds_for("007.05", R"e(tvg_chno >= "7.5" and tvg_chno <= "7.5")e"));
  EXPECT_TRUE(holds_for("84", R"e(tvg_chno >= "84.0" and tvg_chno <= "84.0")e"));
  EXPECT_TRUE(holds_for(" 5.10 ", R"e(not tvg_chno < "@field:attr:x")e"));
  EXPECT_TRUE(holds_for("-1", R"e(tvg_chno < "0.5")e")) << "others as numbers";
  EXPECT_FALSE(holds_for("", R"e(tvg_chno < "5.1" or tvg_chno >= "5.1")e"));
  EXPECT_FALSE(holds_for("5.10", R"e(attr:x > "5.9")e")) << "other fields as decimal numbers";
}

}  // namespace
}  // namespace m3u_proxy::rules
