#include <string>

#include <gtest/gtest.h>

#include <m3u_proxy/catalog/key_set.hpp>

namespace m3u_proxy::catalog {
namespace {

TEST(KeySet, SaysWhetherAKeyIsNew) {
  memory::Budget budget;
  KeySet keys(budget);
  EXPECT_TRUE(keys.insert(key_of("a")));
  EXPECT_TRUE(keys.insert(key_of("b")));
  EXPECT_FALSE(keys.insert(key_of("a")));
  EXPECT_TRUE(keys.contains(key_of("b")));
  EXPECT_FALSE(keys.contains(key_of("c")));
  EXPECT_EQ(keys.size(), 2U);
}

TEST(KeySet, TheZeroKeyIsAKeyLikeOthers) {
  memory::Budget budget;
  KeySet keys(budget);
  EXPECT_FALSE(keys.contains({}));
  EXPECT_TRUE(keys.insert({}));
  EXPECT_FALSE(keys.insert({}));
  EXPECT_TRUE(keys.contains({}));
  EXPECT_EQ(keys.size(), 1U);
}

TEST(KeySet, StaysExactWhileItGrows) {
  memory::Budget budget;
  KeySet keys(budget);
  for (std::uint64_t i = 1; i <= 100000; ++i) ASSERT_TRUE(keys.insert(key_of(std::to_string(i))));
  for (std::uint64_t i = 1; i <= 100000; ++i) ASSERT_FALSE(keys.insert(key_of(std::to_string(i))));
  EXPECT_EQ(keys.size(), 100000U);
}

TEST(KeySet, IsChargedToTheBudgetAndGivesBack) {
  memory::Budget budget;
  KeySet keys(budget);
  for (std::uint64_t i = 1; i <= 10000; ++i) keys.insert({.low = i, .high = 0});
  EXPECT_EQ(budget.used(memory::Tag::kKeySet), keys.footprint());
  EXPECT_GE(keys.footprint(), kib(160));
  keys.clear();
  EXPECT_EQ(budget.used(), Bytes{});
  EXPECT_EQ(keys.size(), 0U);
}

TEST(KeySet, RefusedGrowthThrowsAndKeepsTheKeys) {
  memory::Budget budget(kib(40));
  KeySet keys(budget);
  std::uint64_t inserted = 0;
  EXPECT_THROW(while (keys.insert({.low = ++inserted, .high = 0})){}, memory::OverBudget);
  EXPECT_EQ(keys.size(), inserted - 1);
  EXPECT_TRUE(keys.contains({.low = 1, .high = 0}));
}

TEST(Keys, OfTwoTextsDependOnWhereTheyMeet) {
  EXPECT_EQ(key_of("ab", "c"), key_of("ab", "c"));
  EXPECT_NE(key_of("ab", "c"), key_of("a", "bc"));
  EXPECT_NE(key_of("", "abc"), key_of("abc", ""));
}

TEST(KeyCounter, TakesWhatWasAddedAsOftenAsItWasAdded) {
  memory::Budget budget;
  KeyCounter counter(budget);
  counter.add(7);
  counter.add(7);
  counter.add(0);
  EXPECT_EQ(counter.left(), 3U);
  EXPECT_TRUE(counter.take(7));
  EXPECT_TRUE(counter.take(7));
  EXPECT_FALSE(counter.take(7));
  EXPECT_TRUE(counter.take(0));
  EXPECT_FALSE(counter.take(1));
  EXPECT_EQ(counter.left(), 0U);
}

TEST(KeyCounter, CountsManyKeys) {
  memory::Budget budget;
  KeyCounter counter(budget);
  for (std::uint64_t i = 0; i < 50000; ++i) counter.add(key_of(std::to_string(i)).low);
  for (std::uint64_t i = 0; i < 50000; ++i)
    ASSERT_TRUE(counter.take(key_of(std::to_string(i)).low));
  EXPECT_EQ(counter.left(), 0U);
}

}  // namespace
}  // namespace m3u_proxy::catalog
