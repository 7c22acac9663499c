#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/channels/channel_numbers.hpp>

namespace m3u_proxy::channels {
namespace {

using ::testing::ElementsAre;
using Numbers = std::vector<std::string>;

Numbers number(std::uint32_t start, const Numbers& asked) {
  memory::Budget budget;
  ChannelNumbers numbers(budget, start);
  for (const std::string& text : asked) numbers.ask(text);
  Numbers result;
  for (const std::string& text : asked) result.emplace_back(numbers.assign(text));
  return result;
}

TEST(ChannelNumbering, ChannelsWithoutNumberGetTheNextFreeFromTheStart) {
  EXPECT_THAT(number(1, {"", "", ""}), ElementsAre("1", "2", "3"));
  EXPECT_THAT(number(100, {"", ""}), ElementsAre("100", "101"));
}

TEST(ChannelNumbering, NumbersAskedForAreReservedFirst) {
  EXPECT_THAT(number(1, {"5", "", ""}), ElementsAre("5", "1", "2"));
  EXPECT_THAT(number(1, {"2", "", ""}), ElementsAre("2", "1", "3"));
  EXPECT_THAT(number(1, {"", "1"}), ElementsAre("2", "1"));
  EXPECT_THAT(number(1, {"1", "2", "3", "", "", ""}), ElementsAre("1", "2", "3", "4", "5", "6"));
}

TEST(ChannelNumbering, ConflictTakesNextFreeAboveItsWish) {
  EXPECT_THAT(number(1, {"5", "5", "5"}), ElementsAre("5", "6", "7"));
  EXPECT_THAT(number(1, {"5", "5", "6"}), ElementsAre("5", "7", "6"));
  EXPECT_THAT(number(1, {"1", "1", ""}), ElementsAre("1", "2", "3"));
}

TEST(ChannelNumbering, LeadingZerosAndZeroFractionsAreDropped) {
  EXPECT_THAT(number(1, {"007"}), ElementsAre("7"));
  EXPECT_THAT(number(1, {"84.0", "84"}), ElementsAre("84", "85"));
  EXPECT_THAT(number(1, {" 9.000 "}), ElementsAre("9"));
}

TEST(ChannelNumbering, WhatIsNoNumberCountsAsNone) {
  EXPECT_THAT(number(1, {"0", "abc", ""}), ElementsAre("1", "2", "3"));
  EXPECT_THAT(number(1, {"-1", "5.", ".5", "1.2345", "0.5", "2147483648"}),
              ElementsAre("1", "2", "3", "4", "5", "6"));
}

TEST(ChannelNumbering, DecimalsStandBesideWholeNumbers) {
  EXPECT_THAT(number(1, {"5.1", ""}), ElementsAre("5.1", "1"));
  EXPECT_THAT(number(1, {"5.1", "5.1"}), ElementsAre("5.1", "6"));
  EXPECT_THAT(number(1, {"5.10", "5.1", "5.01"}), ElementsAre("5.10", "5.1", "5.01"));
}

/// Numbers that people gave begin with "!".
Numbers number_with_given(std::uint32_t start, const Numbers& asked) {
  memory::Budget budget;
  ChannelNumbers numbers(budget, start);
  const auto is_given = [](const std::string& text) { return text.starts_with('!'); };
  for (const std::string& text : asked)
    is_given(text) ? numbers.give(text.substr(1)) : numbers.ask(text);
  Numbers result;
  for (const std::string& text : asked)
    result.emplace_back(is_given(text) ? numbers.assign_given(text.substr(1))
                                       : numbers.assign(text));
  return result;
}

TEST(ChannelNumbering, NumbersThatPeopleGaveGoFirst) {
  EXPECT_THAT(number_with_given(1, {"5", "!5", ""}), ElementsAre("6", "5", "1"));
  EXPECT_THAT(number_with_given(1, {"", "", "!1"}), ElementsAre("2", "3", "1"));
  EXPECT_THAT(number_with_given(1, {"5.1", "!5.1"}), ElementsAre("6", "5.1"));
}

TEST(ChannelNumbering, NumberGivenTwiceIsTheFirstOnes) {
  EXPECT_THAT(number_with_given(1, {"!7", "!7", "7"}), ElementsAre("7", "8", "9"));
  EXPECT_THAT(number_with_given(1, {"!7.1", "!7.1"}), ElementsAre("7.1", "8"));
}

TEST(ChannelNumbering, NumberInARowPassesOverThoseThatWereGiven) {
  memory::Budget budget;
  ChannelNumbers numbers(budget, 1);
  numbers.give("2");
  EXPECT_EQ(numbers.assign_from(1), "1");
  EXPECT_EQ(numbers.assign_from(2), "3");
  EXPECT_EQ(numbers.assign_given("2"), "2");
}

TEST(ChannelNumbering, AtTheTopAConflictStartsAgainFromTheStart) {
  EXPECT_THAT(number(1, {"2147483647", "2147483647"}), ElementsAre("2147483647", "1"));
  EXPECT_THAT(number(50, {"2147483647", "2147483647.5", "2147483647.5"}),
              ElementsAre("2147483647", "2147483647.5", "50"));
}

TEST(ChannelNumbering, NeverFailsBelowTheTopEvenWhenTheStartIsTheTop) {
  EXPECT_THAT(number(2147483647, {"", "", ""}), ElementsAre("2147483647", "1", "2"));
}

TEST(ChannelNumbering, AMillionTimesTheSameNumberIsQuickAndUnique) {
  constexpr std::uint32_t kCount = 1'000'000;
  memory::Budget budget;
  ChannelNumbers numbers(budget, 1);
  numbers.ask("1");
  for (std::uint32_t i = 1; i <= kCount; ++i) ASSERT_EQ(numbers.assign("1"), std::to_string(i));
}

TEST(ChannelNumbering, WishesFarApartInTurnAreQuickAndUnique) {
  constexpr std::uint32_t kCount = 300'000;
  memory::Budget budget;
  ChannelNumbers numbers(budget, 1);
  numbers.ask("5000000");
  for (std::uint32_t i = 0; i < kCount; ++i) {
    ASSERT_EQ(numbers.assign(""), std::to_string(i + 1));
    ASSERT_EQ(numbers.assign("5000000"), std::to_string(5'000'000 + i));
  }
}

TEST(ChannelNumbering, AgreesWithASimpleModelOnMixedWishes) {
  Numbers asked;
  std::uint32_t state = 1;
  for (int i = 0; i < 3000; ++i) {
    state = state * 1664525U + 1013904223U;
    const std::uint32_t wish = (state >> 16U) % 700;
    asked.push_back(wish % 3 == 0 ? "" : std::to_string(wish));
  }
  std::set<std::uint32_t> taken;
  for (const std::string& text : asked)
    if (!text.empty() && text != "0") taken.insert(static_cast<std::uint32_t>(std::stoul(text)));
  std::set<std::uint32_t> given;
  Numbers expected;
  for (const std::string& text : asked) {
    std::uint32_t wish = text.empty() ? 0 : static_cast<std::uint32_t>(std::stoul(text));
    if (wish != 0 && given.insert(wish).second) {
      expected.push_back(std::to_string(wish));
      continue;
    }
    wish = wish == 0 ? 10 : wish + 1;
    while (taken.contains(wish)) ++wish;
    taken.insert(wish);
    expected.push_back(std::to_string(wish));
  }
  EXPECT_EQ(number(10, asked), expected);
}

TEST(ChannelNumbering, SetsAreChargedToTheBudget) {
  memory::Budget budget;
  ChannelNumbers numbers(budget, 1);
  for (std::uint32_t i = 0; i < 100000; ++i) numbers.ask(std::to_string(i * 7919));
  EXPECT_GT(budget.used(memory::Tag::kNumbers), kib(200));
  numbers.clear();
  EXPECT_EQ(budget.used(memory::Tag::kNumbers), Bytes{});
}

}  // namespace
}  // namespace m3u_proxy::channels
