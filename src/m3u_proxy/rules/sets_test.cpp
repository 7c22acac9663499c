#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <m3u_proxy/rules/filter_set.hpp>
#include <m3u_proxy/rules/map_record_testing.hpp>
#include <m3u_proxy/rules/rule_set.hpp>

namespace m3u_proxy::rules {
namespace {

using catalog::Domain;

NamedFilter filter(FilterAction action, std::string_view expression) {
  return {.name = std::string(expression),
          .action = action,
          .filter = compile_filter(Domain::kChannels, expression).value()};
}
NamedFilter include(std::string_view expression) {
  return filter(FilterAction::kInclude, expression);
}
NamedFilter exclude(std::string_view expression) {
  return filter(FilterAction::kExclude, expression);
}
NamedRule rule(std::string_view expression) {
  return {.name = std::string(expression),
          .rule = compile_rule(Domain::kChannels, expression).value()};
}
MapRecord named(std::string_view name) {
  return MapRecord(Domain::kChannels, {{"channel_name", name}, {"tvg_id", name}});
}

/// The names that the filters keep, in their order.
std::string kept(const std::vector<NamedFilter>& filters, std::string_view names) {
  const FilterSet set(filters);
  Scratch scratch;
  Counts counts;
  std::string result;
  for (const char c : names)
    if (set.keep(named(std::string_view(&c, 1)), scratch, counts)) result += c;
  return result;
}

TEST(FilterSet, NoFiltersKeepAll) { EXPECT_EQ(kept({}, "abc"), "abc"); }

TEST(FilterSet, AListThatBeginsWithAnExcludeBeginsWithEverything) {
  EXPECT_EQ(kept({exclude(R"e(name == "b")e")}, "abc"), "ac");
}

TEST(FilterSet, AListThatBeginsWithAnIncludeBeginsWithNothing) {
  EXPECT_EQ(kept({include(R"e(name == "b")e")}, "abc"), "b");
}

TEST(FilterSet, IncludesUniteInTheOrderOfTheRecords) {
  EXPECT_EQ(kept({include(R"e(name == "c")e"), include(R"e(name == "a")e")}, "abc"), "ac");
}

TEST(FilterSet, AnIncludeAddsFromTheOriginalSetWhatAnExcludeRemoved) {
  EXPECT_EQ(kept({exclude(R"e(name matches "[ab]")e"), include(R"e(name == "a")e")}, "abc"), "ac");
  EXPECT_EQ(kept({include(R"e(name == "a")e"), exclude(R"e(name == "a")e"),
                  include(R"e(name matches "[ab]")e")},
                 "abc"),
            "ab");
}

TEST(FilterSet, AnExcludeRemovesFromTheResultSoFar) {
  EXPECT_EQ(kept({include(R"e(name matches "[ab]")e"), exclude(R"e(name == "b")e")}, "abc"), "a");
}

TEST(FilterSet, AnEmptyExpressionIsEverything) {
  EXPECT_EQ(kept({include(""), exclude(R"e(name == "b")e")}, "abc"), "ac");
  EXPECT_EQ(kept({exclude("")}, "abc"), "");
}

TEST(FilterSet, CountsWhereAFilterCouldChangeTheAnswer) {
  const FilterSet set({include(R"e(name matches "[ab]")e"), exclude(R"e(name == "b")e"),
                       include(R"e(name == "c")e")});
  Scratch scratch;
  Counts counts;
  for (const char* name : {"a", "b", "c", "d"}) set.keep(named(name), scratch, counts);
  ASSERT_EQ(counts.counters.size(), 3U);
  EXPECT_EQ(counts.counters[0], (Counter{.evaluated = 4, .matched = 2, .changed = 2}));
  EXPECT_EQ(counts.counters[1], (Counter{.evaluated = 2, .matched = 1, .changed = 1}));
  EXPECT_EQ(counts.counters[2], (Counter{.evaluated = 3, .matched = 1, .changed = 1}));
  EXPECT_EQ(set.names()[1], R"e(name == "b")e");
}

TEST(RuleSet, EachRuleSeesWhatTheFormerLeft) {
  const RuleSet set({rule(R"e(name == "a" SET tvg_name = "1")e"),
                     rule(R"e(tvg_name == "1" SET tvg_name = "2", name = "z")e"),
                     rule(R"e(name == "a" SET tvg_name = "3")e")});
  MapRecord record = named("a");
  Scratch scratch;
  Counts counts;
  set.apply(record, scratch, counts);
  EXPECT_EQ(record["tvg_name"], "2");
  EXPECT_EQ(record["channel_name"], "z");
}

TEST(RuleSet, CountsEvaluatedMatchedAndChanged) {
  const RuleSet set({rule(R"e(name matches "[ab]" SET tvg_name = "x")e"),
                     rule(R"e(SET tvg_name = "x")e"), rule("SET REMOVE tvg_logo")});
  Scratch scratch;
  Counts counts;
  for (const char* name : {"a", "b", "c"}) {
    MapRecord record = named(name);
    set.apply(record, scratch, counts);
  }
  ASSERT_EQ(counts.counters.size(), 3U);
  EXPECT_EQ(counts.counters[0], (Counter{.evaluated = 3, .matched = 2, .changed = 2}));
  EXPECT_EQ(counts.counters[1], (Counter{.evaluated = 3, .matched = 3, .changed = 1}));
  EXPECT_EQ(counts.counters[2], (Counter{.evaluated = 3, .matched = 3, .changed = 0}));
}

TEST(RuleSet, TellsWhetherALogoIsReferredTo) {
  EXPECT_FALSE(RuleSet({rule(R"e(SET tvg_logo = "x")e")}).uses_logo_helper());
  EXPECT_TRUE(RuleSet({rule(R"e(SET tvg_logo = "x")e"),
                       rule(R"e(SET tvg_logo = "@logo:957bdbb437f451ee873bf148c10969c2")e")})
                  .uses_logo_helper());
}

TEST(RuleSet, CountsOfBatchesAddUpWhateverTheThreads) {
  const RuleSet set({rule(R"e(name matches "^[a-m]" SET tvg_name = "first half")e"),
                     rule(R"e(tvg_name == "" SET tvg_name = "second half")e")});
  const std::string names = "abcdefghijklmnopqrstuvwxyz";
  const auto work = [&](std::string_view part, Counts& counts) {
    Scratch scratch;
    for (const char c : part) {
      MapRecord record = named(std::string_view(&c, 1));
      set.apply(record, scratch, counts);
    }
  };
  Counts alone;
  work(names, alone);
  Counts first;
  Counts second;
  {
    const std::jthread a([&] { work(std::string_view(names).substr(0, 10), first); });
    const std::jthread b([&] { work(std::string_view(names).substr(10), second); });
  }
  Counts sum;
  sum.merge(first);
  sum.merge(second);
  EXPECT_EQ(sum.counters, alone.counters);
  EXPECT_EQ(sum.counters[0], (Counter{.evaluated = 26, .matched = 13, .changed = 13}));
}

// Patterns without any text that could be looked for first: they go into one RE2::Set.
std::vector<NamedRule> costly_rules(int count) {
  std::vector<NamedRule> rules;
  rules.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    rules.push_back(rule("name matches \"^[a-z]{" + std::to_string(i) + "}$\" SET tvg_name += \"" +
                         std::to_string(i) + " \""));
  return rules;
}

TEST(RuleSet, ManyPatternsOnOneFieldGiveTheAnswersOfEachAlone) {
  const RuleSet set(costly_rules(30));
  Scratch scratch;
  for (int length = 0; length < 32; ++length) {
    MapRecord record(Domain::kChannels,
                     {{"channel_name", std::string(static_cast<std::size_t>(length), 'q')}});
    Counts counts;
    set.apply(record, scratch, counts);
    EXPECT_EQ(record["tvg_name"], length < 30 ? std::to_string(length) + " " : std::string());
  }
}

TEST(RuleSet, WhatSearchesRememberIsDroppedOnlyWhileNobodySearches) {
  std::vector<NamedRule> rules = costly_rules(10);
  rules.push_back(rule(R"e(name contains "plain" SET tvg_name = "x")e"));
  rules.push_back(rule(R"e(name matches "plain text" SET tvg_name = "x")e"));
  const RuleSet set(rules);
  const auto apply = [&] {
    MapRecord record = named("qqq");
    Scratch scratch;
    Counts counts;
    set.apply(record, scratch, counts);
    return std::string(record["tvg_name"]);
  };
  EXPECT_EQ(apply(), "3 ");
  {
    const auto in_use = set.use();
    EXPECT_EQ(set.drop_caches(false), 0U);
  }
  EXPECT_EQ(set.drop_caches(true), 1U);    // the common search
  EXPECT_EQ(set.drop_caches(false), 11U);  // and each pattern that is a search of RE2
  EXPECT_EQ(apply(), "3 ");
}

TEST(RuleSet, AChangeOfTheFieldIsSeenByTheCommonSearch) {
  std::vector<NamedRule> rules = costly_rules(10);
  rules.insert(rules.begin() + 5, rule(R"e(name == "qqq" SET name = "qqqqqqq")e"));
  const RuleSet set(rules);
  MapRecord record = named("qqq");
  Scratch scratch;
  Counts counts;
  set.apply(record, scratch, counts);
  EXPECT_EQ(record["tvg_name"], "3 7 ");
}

TEST(RuleSet, TheCommonSearchKeepsEachPatternsOwnRuleOfCase) {
  std::vector<NamedRule> rules = costly_rules(8);
  rules.push_back(rule(R"e(name case_sensitive matches "^[A-Z]{3}$" SET tvg_name += "upper")e"));
  const RuleSet set(rules);
  Scratch scratch;
  Counts counts;
  MapRecord lower = named("abc");
  set.apply(lower, scratch, counts);
  EXPECT_EQ(lower["tvg_name"], "3 ");
  MapRecord upper = named("ABC");
  set.apply(upper, scratch, counts);
  EXPECT_EQ(upper["tvg_name"], "3 upper");
}

TEST(RuleSet, ManyTextsOnOneFieldGiveTheAnswersOfEachAlone) {
  std::vector<NamedRule> rules;
  for (const char* operation :
       {"contains \"ews\"", "contains \"SPORT\"", "matches \"^(.*) hd$\"", "contains \"\"",
        "case_sensitive contains \"ews\"", "case_sensitive contains \"EWS\"", "contains \"w\"",
        "matches \"news|xyz\"", "not contains \"zzz\"", "contains \"@field:tvg_id\"",
        "matches \"n.ws\"", "case_sensitive matches \"BBC.*HD\"", "contains \"\u212Aews\""})
    rules.push_back(rule(std::string("name ") + operation + " SET tvg_name += \"1\""));
  const RuleSet set(rules);
  Scratch scratch;
  for (const char* name : {"BBC News HD", "Sport", "KEWS", "", "\u212Aews", "x"}) {
    MapRecord together = named(name);
    Counts counts;
    set.apply(together, scratch, counts);
    for (std::size_t i = 0; i < rules.size(); ++i) {
      MapRecord alone = named(name);
      EXPECT_EQ(rules[i].rule.apply(alone, scratch).matched, counts.counters[i].matched == 1)
          << rules[i].name << " in " << name;
    }
  }
}

TEST(PatternSet, WithTooLittleMemoryThereIsNone) {
  const std::vector<std::string> sources(50, R"e(\pL{3}\d+)e");
  EXPECT_EQ(PatternSet::compile(sources, 4096), nullptr);
  EXPECT_NE(PatternSet::compile(sources, 8 << 20), nullptr);
}

TEST(Linker, WithoutASetThePatternsAreSearchedOneByOne) {
  constexpr std::size_t kFilters = 12;
  std::vector<Filter> filters;
  filters.reserve(kFilters);
  for (std::size_t i = 0; i < kFilters; ++i)
    filters.push_back(
        compile_filter(Domain::kChannels, "name matches \"^[a-z]{" + std::to_string(i) + "}$\"")
            .value());
  std::vector<const Program*> programs;
  programs.reserve(kFilters);
  for (const Filter& f : filters) programs.push_back(&f.program());
  const LinkedPrograms with = link_programs(programs, 8 << 20);
  const LinkedPrograms without = link_programs(programs, 2048);
  ASSERT_NE(with.sets[0], nullptr);
  ASSERT_EQ(without.sets[0], nullptr);
  Scratch scratch;
  const MapRecord record = named("abcde");
  for (std::size_t i = 0; i < programs.size(); ++i) {
    scratch.begin(record, with.slots);
    EXPECT_EQ(holds(with.programs[i], with.sets, scratch), i == 5);
    scratch.begin(record, without.slots);
    EXPECT_EQ(holds(without.programs[i], without.sets, scratch), i == 5);
  }
}

}  // namespace
}  // namespace m3u_proxy::rules
