#include <string>

#include <gtest/gtest.h>

#include <m3u_proxy/rules/expression.hpp>
#include <m3u_proxy/rules/map_record_testing.hpp>

namespace m3u_proxy::rules {
namespace {

using catalog::Domain;

constexpr Environment kEnvironment{.now = 1'700'000'000};

Outcome apply(std::string_view expression, MapRecord& record) {
  const auto rule = compile_rule(Domain::kChannels, expression, kEnvironment);
  EXPECT_TRUE(rule.has_value()) << expression << "\n"
                                << (rule ? std::string() : rule.error().front().pretty(expression));
  if (!rule) return {};
  Scratch scratch;
  return rule->apply(record, scratch);
}

MapRecord news() {
  return MapRecord(Domain::kChannels, {{"channel_name", "BBC News HD"},
                                       {"group_title", "UK"},
                                       {"tvg_id", "bbc.uk"},
                                       {"stream_url", "http://x/1.ts"},
                                       {"source_name", "tv"}});
}

/// The field after the rule ran on news().
std::string after(std::string_view expression, std::string_view field) {
  MapRecord record = news();
  apply(expression, record);
  return std::string(record[field]);
}

TEST(RuleActions, SetReplacesTheValue) {
  EXPECT_EQ(after(R"e(name contains "bbc" SET group_title = "News")e", "group_title"), "News");
  EXPECT_EQ(after(R"e(name contains "x" SET group_title = "News")e", "group_title"), "UK");
}

TEST(RuleActions, WithoutAConditionTheyAlwaysRun) {
  EXPECT_EQ(after(R"e(SET group_title = "All")e", "group_title"), "All");
}

TEST(RuleActions, NumbersNeedNoQuotes) {
  EXPECT_EQ(after("SET tvg_chno = 5.10", "tvg_chno"), "5.10");
  EXPECT_EQ(after("SET tvg-shift=-3", "tvg_shift"), "-3");
}

TEST(RuleActions, SetIfEmptyFillsEmptyAndBlank) {
  EXPECT_EQ(after(R"e(SET tvg_name ?= "x")e", "tvg_name"), "x");
  EXPECT_EQ(after(R"e(SET group_title ?= "x")e", "group_title"), "UK");
  EXPECT_EQ(after(R"e(SET group_title = "  ", group_title ?= "x")e", "group_title"), "x");
}

TEST(RuleActions, AppendAddsAtTheEnd) {
  EXPECT_EQ(after(R"e(SET group_title += " | News")e", "group_title"), "UK | News");
  EXPECT_EQ(after(R"e(SET tvg_name += "x")e", "tvg_name"), "x");
}

TEST(RuleActions, RemoveTextTakesOutEveryOccurrence) {
  MapRecord record(Domain::kChannels, {{"channel_name", "HD BBC HD One HD"}});
  apply(R"e(SET channel_name -= "HD")e", record);
  EXPECT_EQ(record["channel_name"], " BBC  One ");
  MapRecord overlapping(Domain::kChannels, {{"tvg_id", "aaaaa"}});
  apply(R"e(SET tvg_id -= "aa")e", overlapping);
  EXPECT_EQ(overlapping["tvg_id"], "a");
}

TEST(RuleActions, RemoveTextIsExactAndIgnoresAnEmptyText) {
  EXPECT_EQ(after(R"e(SET channel_name -= "hd")e", "channel_name"), "BBC News HD");
  EXPECT_EQ(after(R"e(SET channel_name -= "")e", "channel_name"), "BBC News HD");
}

TEST(RuleActions, DashBeforeEqualsBelongsToTheOperator) {
  EXPECT_EQ(after(R"e(SET tvg-id-=".uk")e", "tvg_id"), "bbc");
  EXPECT_EQ(after(R"e(SET tvg-id -= ".uk")e", "tvg_id"), "bbc");
}

TEST(RuleActions, RemoveClearsTheField) {
  EXPECT_EQ(after("SET REMOVE group_title", "group_title"), "");
  EXPECT_EQ(after(R"e(SET remove tvg-id, group_title = "x")e", "tvg_id"), "");
}

TEST(RuleActions, SeveralRunInOrderEachSeeingTheFormer) {
  MapRecord record = news();
  apply(R"e(SET tvg_name = "a", tvg_name += "b", tvg_logo = "@field:tvg_name")e", record);
  EXPECT_EQ(record["tvg_name"], "ab");
  EXPECT_EQ(record["tvg_logo"], "ab");
}

TEST(RuleActions, UnknownAttributesAreWritable) {
  EXPECT_EQ(after(R"e(SET attr:catchup-days = "7")e", "attr:catchup-days"), "7");
}

TEST(RuleCaptures, GroupsAndWholeMatch) {
  EXPECT_EQ(
      after(R"e(name matches "^(.*) (HD)$" SET name = "$1", attr:quality = "$2")e", "channel_name"),
      "BBC News");
  EXPECT_EQ(
      after(R"e(name matches "^(.*) (HD)$" SET name = "$1", attr:quality = "$2")e", "attr:quality"),
      "HD");
  EXPECT_EQ(after(R"e(name matches "n.w" SET tvg_name = "[$0]")e", "tvg_name"), "[New]");
}

TEST(RuleCaptures, OriginalSpellingIsKept) {
  MapRecord record(Domain::kChannels, {{"channel_name", "ПЕРВЫЙ hd"}});
  apply(R"e(name matches "первый" SET tvg_name = "$0")e", record);
  EXPECT_EQ(record["tvg_name"], "ПЕРВЫЙ");
}

TEST(RuleCaptures, NumberedLeftToRightOverAllPositiveTerms) {
  EXPECT_EQ(after(R"e(name matches "^(\w+)" and tvg_id matches "(\w+)\.(\w+)" )e"
                  R"e(SET tvg_name = "$1/$2/$3 $0")e",
                  "tvg_name"),
            "BBC/bbc/uk BBC");
}

TEST(RuleCaptures, TermsBehindADecidedOrAreStillEvaluated) {
  EXPECT_EQ(after(R"e(name matches "(BBC)" or tvg_id matches "\.(uk)" SET tvg_name = "$1-$2")e",
                  "tvg_name"),
            "BBC-uk");
  EXPECT_EQ(
      after(R"e(name matches "(ITV)" or tvg_id matches "\.(uk)" SET tvg_name = "[$1]-$2-[$0]")e",
            "tvg_name"),
      "[]-uk-[]")
      << "$0 is the whole match of the first term, which is not there";
}

TEST(RuleCaptures, NegatedTermsGiveNone) {
  EXPECT_EQ(after(R"e(not name matches "(ITV)" and tvg_id matches "(\w+)" SET tvg_name = "$1")e",
                  "tvg_name"),
            "bbc");
  EXPECT_EQ(
      after(R"e(name not matches "(ITV)" and tvg_id =~ "(\w+)" SET tvg_name = "$1")e", "tvg_name"),
      "bbc");
  EXPECT_EQ(after(R"e(name !~ "(ITV)" and tvg_id =~ "(\w+)" SET tvg_name = "$1")e", "tvg_name"),
            "bbc");
  EXPECT_EQ(after(R"e(not (name not_matches "(BBC)") SET tvg_name = "$1")e", "tvg_name"), "BBC")
      << "negated twice is positive";
}

TEST(RuleCaptures, AGroupThatTookNoPartIsEmpty) {
  EXPECT_EQ(after(R"e(name matches "(ITV)?.*(HD)" SET tvg_name = "<$1|$2>")e", "tvg_name"),
            "<|HD>");
}

TEST(RuleCaptures, NamedGroups) {
  EXPECT_EQ(
      after(
          R"e(name matches "(?P<station>\w+) (?P<what>\w+)" SET tvg_name = "${what}_${station}")e",
          "tvg_name"),
      "News_BBC");
  EXPECT_EQ(
      after(R"e(tvg_id =~ "(b)" and name =~ "(?P<q>HD)" SET tvg_name = "${q}$2")e", "tvg_name"),
      "HDHD");
}

TEST(RuleCaptures, TheLongestNumberWins) {
  MapRecord record(Domain::kChannels, {{"channel_name", "abcdefghijk"}});
  apply(
      R"e(name matches "(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)" SET tvg_name = "$10 $1", tvg_id = "$110")e",
      record);
  EXPECT_EQ(record["tvg_name"], "j a");
  EXPECT_EQ(record["tvg_id"], "k0");
}

TEST(RuleCaptures, DollarDollarIsADollar) {
  EXPECT_EQ(after(R"e(name matches "(BBC)" SET tvg_name = "$$1 $$ $1$$")e", "tvg_name"),
            "$1 $ BBC$");
}

TEST(RuleCaptures, OtherDollarsStandForThemselves) {
  EXPECT_EQ(after(R"e(SET tvg_name = "$ $x ${ ${} ${a b} end$")e", "tvg_name"),
            "$ $x ${ ${} ${a b} end$");
}

TEST(RuleCaptures, ANumberInBracesIsThatGroup) {
  EXPECT_EQ(after(R"e(name matches "^(\w+) (\w+)" SET tvg_name = "${2}0 ${1}")e", "tvg_name"),
            "News0 BBC");
  EXPECT_EQ(after(R"e(name matches "BBC" SET tvg_name = "<${0}>")e", "tvg_name"), "<BBC>");
}

TEST(RuleCaptures, ATwofoldDollarKeepsAPlayersPlaceholder) {
  EXPECT_EQ(after(R"e(SET attr:catchup-source = "?utc=$${start}&d=${(b)yyyy}{utc}")e",
                  "attr:catchup-source"),
            "?utc=${start}&d=${(b)yyyy}{utc}");
}

TEST(RuleCaptures, ReferToTheirOwnGroupOnly) {
  MapRecord record = news();
  apply(
      R"e((name matches "(BBC)" SET tvg_name = "$1") (tvg_id matches "\.(.*)" SET tvg_logo = "$1"))e",
      record);
  EXPECT_EQ(record["tvg_name"], "BBC");
  EXPECT_EQ(record["tvg_logo"], "uk");
}

TEST(RuleCaptures, StayWhatTheyWereWhileActionsChangeTheField) {
  EXPECT_EQ(after(R"e(name matches "^(\w+) (\w+)" SET name = "x", name += "$2", name += "$1")e",
                  "channel_name"),
            "xNewsBBC");
}

TEST(RuleFields, FieldHelperCopies) {
  EXPECT_EQ(after(R"e(SET group_title = "@field:source_name")e", "group_title"), "tv");
  EXPECT_EQ(after(R"e(SET group_title = "[@field:source_name] @field:tvg-id-")e", "group_title"),
            "[tv] bbc.uk-");
  EXPECT_EQ(after(R"e(SET group_title = "user@field:80")e", "group_title"), "user@field:80");
}

TEST(RuleFields, FieldHelperStandsDirectlyBehindACapture) {
  EXPECT_EQ(after(R"e(name =~ "^(B)" SET tvg_name = "$1@field:tvg_id")e", "tvg_name"), "Bbbc.uk");
}

TEST(RuleFields, CopiedTextIsNotReadAgain) {
  MapRecord record(Domain::kChannels, {{"tvg_id", "$1 @field:tvg_id"}});
  apply(R"e(tvg_id matches "(.*)" SET tvg_name = "@field:tvg_id", tvg_logo = "$1")e", record);
  EXPECT_EQ(record["tvg_name"], "$1 @field:tvg_id");
  EXPECT_EQ(record["tvg_logo"], "$1 @field:tvg_id");
}

TEST(RuleGroups, EachSeesWhatTheEarlierChanged) {
  EXPECT_EQ(
      after(R"e((name contains "bbc" SET tvg_name = "1") (tvg_name == "1" SET tvg_name = "2"))e",
            "tvg_name"),
      "2");
}

TEST(RuleGroups, ConditionSeesTheRecordAsAtTheGroupsStart) {
  EXPECT_EQ(
      after(R"e(name matches "bbc" and group_title == "UK" SET name = "x", group_title += "$0")e",
            "group_title"),
      "UKBBC");
}

TEST(RuleGroups, AndRunsOnlyIfTheOneBeforeMatched) {
  constexpr std::string_view kTail = R"e( AND (tvg_id contains "bbc" SET tvg_logo = "ran"))e";
  EXPECT_EQ(after(R"e((name contains "bbc" SET tvg_name = "1"))e" + std::string(kTail), "tvg_logo"),
            "ran");
  EXPECT_EQ(after(R"e((name contains "itv" SET tvg_name = "1"))e" + std::string(kTail), "tvg_logo"),
            "");
}

TEST(RuleGroups, OrRunsOnlyIfTheOneBeforeDidNotMatch) {
  constexpr std::string_view kTail = R"e( || (tvg_id contains "bbc" SET tvg_logo = "ran"))e";
  EXPECT_EQ(after(R"e((name contains "bbc" SET tvg_name = "1"))e" + std::string(kTail), "tvg_logo"),
            "");
  EXPECT_EQ(after(R"e((name contains "itv" SET tvg_name = "1"))e" + std::string(kTail), "tvg_logo"),
            "ran");
}

TEST(RuleGroups, NothingBetweenRunsAlways) {
  EXPECT_EQ(
      after(
          R"e((name contains "itv" SET tvg_name = "1")(tvg_id contains "bbc" SET tvg_logo = "ran"))e",
          "tvg_logo"),
      "ran");
}

TEST(RuleGroups, ChainOfOrRunsAtMostOne) {
  MapRecord record = news();
  apply(R"e((name contains "bbc" SET tvg_name = "A") OR (name contains "x" SET tvg_name = "B"))e"
        R"e( OR (name contains "news" SET tvg_name = "C"))e",
        record);
  EXPECT_EQ(record["tvg_name"], "A") << "the group left out passes on that the first matched";
}

TEST(RuleGroups, ASkippedAndPassesOnThatNothingMatched) {
  EXPECT_EQ(
      after(
          R"e((name contains "x" SET tvg_name = "A") AND (name contains "bbc" SET tvg_name = "B"))e"
          R"e( OR (name contains "news" SET tvg_name = "C"))e",
          "tvg_name"),
      "C");
}

TEST(RuleGroups, NothingBetweenStartsAfresh) {
  MapRecord record = news();
  apply(R"e((name contains "bbc" SET tvg_name = "A") (name contains "x" SET tvg_name = "B"))e"
        R"e( AND (name contains "news" SET tvg_name = "C"))e",
        record);
  EXPECT_EQ(record["tvg_name"], "A");
}

TEST(RuleGroups, ParenthesisWithoutSetIsACondition) {
  EXPECT_EQ(
      after(R"e((name contains "x" or name contains "bbc") and tvg_id != "" SET tvg_name = "y")e",
            "tvg_name"),
      "y");
  EXPECT_EQ(after(R"e(((name contains "bbc") SET tvg_name = "y"))e", "tvg_name"), "y");
  EXPECT_EQ(
      after(R"e((name contains "SET)" or name contains "bbc") SET tvg_name = "y")e", "tvg_name"),
      "y")
      << "a SET in quotes is no SET";
}

TEST(RuleHelpers, LogoIsKeptForALaterStage) {
  constexpr std::string_view kRule =
      R"e(SET tvg_logo = "@logo:957bdbb4-37f4-51ee-873b-f148c10969c2")e";
  EXPECT_EQ(after(kRule, "tvg_logo"), "@logo:957bdbb4-37f4-51ee-873b-f148c10969c2");
  EXPECT_EQ(after(R"e(SET tvg_logo = "@logo:957BDBB437F451EE873BF148C10969C2")e", "tvg_logo"),
            "@logo:957bdbb4-37f4-51ee-873b-f148c10969c2");
  EXPECT_EQ(after(R"e(SET tvg_logo = "@logo:zGzZE0stVfGWB7-Qh9n5rA")e", "tvg_logo"),
            "@logo:cc6cd913-4b2d-55f1-9607-bf9087d9f9ac");
  EXPECT_TRUE(compile_rule(Domain::kChannels, kRule)->uses_logo_helper());
  EXPECT_FALSE(compile_rule(Domain::kChannels, R"e(SET tvg_logo = "x")e")->uses_logo_helper());
}

TEST(RuleHelpers, TimeGivesEpochSeconds) {
  EXPECT_EQ(after(R"e(SET attr:t = "@time:now()")e", "attr:t"), "1700000000");
  EXPECT_EQ(after(R"e(SET attr:t = "@time:now() + 3600")e", "attr:t"), "1700003600");
  EXPECT_EQ(after(R"e(SET attr:t = "@time:now()-60")e", "attr:t"), "1699999940");
  EXPECT_EQ(after(R"e(SET attr:t = '@time:parse("2024-05-01 18:30:00")')e", "attr:t"),
            "1714588200");
  EXPECT_EQ(after(R"e(SET attr:t = "@time:parse(\"01/05/2024 18:30:00\") - 1")e", "attr:t"),
            "1714588199");
  EXPECT_EQ(after(R"e(SET attr:t = "@time:parse('2024-05-01')")e", "attr:t"), "1714521600");
}

TEST(RuleOutcome, TellsMatchedFromChanged) {
  MapRecord record = news();
  EXPECT_FALSE(apply(R"e(name contains "x" SET tvg_name = "y")e", record).matched);
  const Outcome same = apply(R"e(name contains "bbc" SET group_title = "UK")e", record);
  EXPECT_TRUE(same.matched);
  EXPECT_FALSE(same.changed);
  const Outcome other = apply(R"e(name contains "bbc" SET group_title = "US")e", record);
  EXPECT_TRUE(other.matched);
  EXPECT_TRUE(other.changed);
}

TEST(RuleOutcome, AnUnchangedValueIsNotWritten) {
  MapRecord record = news();
  const std::size_t writes = record.writes();
  apply(R"e(SET group_title = "UK", group_title += "", name -= "x", tvg_id ?= "y")e", record);
  EXPECT_EQ(record.writes(), writes);
}

TEST(RuleOutcome, AValueBeyond64KbIsNotWrittenAndCounted) {
  const std::string half(40'000, 'x');
  MapRecord record(Domain::kChannels, {{"tvg_id", half}});
  const Outcome outcome =
      apply(R"e(tvg_id matches "(.*)" SET tvg_name = "$1$1", tvg_logo = "$1", tvg_logo += "$1")e",
            record);
  EXPECT_EQ(outcome.value_too_long, 2U);
  EXPECT_EQ(record["tvg_name"], "");
  EXPECT_EQ(record["tvg_logo"], half);
}

TEST(RuleOutcome, Exactly64KbIsAllowed) {
  MapRecord record(Domain::kChannels, {{"tvg_id", std::string(32'768, 'x')}});
  const Outcome outcome = apply(R"e(SET tvg_name = "@field:tvg_id@field:tvg_id")e", record);
  EXPECT_EQ(outcome.value_too_long, 0U);
  EXPECT_EQ(record["tvg_name"].size(), 65'536U);
  EXPECT_EQ(apply(R"e(SET tvg_name += "x")e", record).value_too_long, 1U);
  EXPECT_EQ(record["tvg_name"].size(), 65'536U);
}

TEST(RuleOutcome, NameAndUrlAreNeverLeftBlank) {
  MapRecord record = news();
  const Outcome outcome =
      apply(R"e(SET name -= "BBC News HD", stream_url = "@field:tvg_name", group_title -= "UK")e",
            record);
  EXPECT_EQ(outcome.kept_required, 2U);
  EXPECT_EQ(record["channel_name"], "BBC News HD");
  EXPECT_EQ(record["stream_url"], "http://x/1.ts");
  EXPECT_EQ(record["group_title"], "");
}

TEST(RuleExpression, IdOfAGuideChannelCannotBeCleared) {
  using catalog::Domain;
  for (const auto* const clears : {"SET REMOVE channel_id", "SET channel_id = \"\"",
                                   "SET channel_id = \" \"", "SET source_name = \"x\""}) {
    const auto rule = compile_rule(Domain::kGuideChannels, clears);
    ASSERT_FALSE(rule.has_value()) << clears;
    EXPECT_EQ(rule.error().front().code, Code::kReadOnlyField) << clears;
  }
  EXPECT_TRUE(compile_rule(Domain::kGuideChannels, "SET REMOVE display_name, REMOVE icon"));
  const auto rule = compile_rule(Domain::kGuideChannels, "SET channel_id -= \"a\"").value();
  MapRecord record(Domain::kGuideChannels, {{"channel_id", "aa"}});
  Scratch scratch;
  EXPECT_EQ(rule.apply(record, scratch).kept_required, 1U);
  EXPECT_EQ(record["channel_id"], "aa");
}

TEST(RuleExpression, CapturesComeFromTheCategoryThatMatches) {
  const auto rule = compile_rule(
      catalog::Domain::kProgrammes,
      R"e((programme_category matches "^genre: (.*)$" SET programme_subtitle = "$1", programme_category = "$1") AND (programme_category == "crime" SET rating = "$$"))e");
  ASSERT_TRUE(rule.has_value());
  MapRecord record(catalog::Domain::kProgrammes,
                   {{"programme_category", "Film"}, {"programme_category", "Genre: Crime"}});
  Scratch scratch;
  EXPECT_TRUE(rule->apply(record, scratch).changed);
  EXPECT_EQ(record["programme_subtitle"], "Crime");
  EXPECT_EQ(record["programme_category"], "Crime") << "one stands for all of them";
  EXPECT_EQ(record["rating"], "$");
}

}  // namespace
}  // namespace m3u_proxy::rules
