#include <gtest/gtest.h>

#include <m3u_proxy/channels/number_set.hpp>

namespace m3u_proxy::channels {
namespace {

class NumberSetTest : public testing::Test {
 protected:
  memory::Budget budget_;
  NumberSet set_{budget_};
};

TEST_F(NumberSetTest, ANumberIsNewOnce) {
  EXPECT_TRUE(set_.insert(7));
  EXPECT_FALSE(set_.insert(7));
  EXPECT_TRUE(set_.insert(NumberSet::kMax));
  EXPECT_FALSE(set_.insert(NumberSet::kMax));
}

TEST_F(NumberSetTest, TheNextAbsentIsTheNumberItselfWhereItIsFree) {
  EXPECT_EQ(set_.next_absent(5), 5U);
  set_.insert(6);
  EXPECT_EQ(set_.next_absent(5), 5U);
  EXPECT_EQ(set_.next_absent(6), 7U);
}

TEST_F(NumberSetTest, TheNextAbsentStandsBehindWholePages) {
  for (std::uint32_t i = 65536; i < 4 * 65536; ++i) ASSERT_TRUE(set_.insert(i));
  EXPECT_EQ(set_.next_absent(65536), 4U * 65536);
  EXPECT_EQ(set_.next_absent(65535), 65535U);
  EXPECT_FALSE(set_.insert(2 * 65536));
}

TEST_F(NumberSetTest, ItsSizeIsThatOfItsPagesInEveryForm) {
  EXPECT_EQ(set_.size(), 0U);
  for (std::uint32_t i = 0; i < 3000; ++i) set_.insert(i * 2);    // a bitmap
  for (std::uint32_t i = 65536; i < 131072; ++i) set_.insert(i);  // a whole page
  set_.insert(500'000);                                           // a list
  EXPECT_EQ(set_.size(), 3000U + 65536U + 1U);
  set_.clear();
  EXPECT_EQ(set_.size(), 0U);
}

TEST_F(NumberSetTest, BeyondTheLargestThereIsNone) {
  set_.insert(NumberSet::kMax);
  EXPECT_EQ(set_.next_absent(NumberSet::kMax), std::nullopt);
  EXPECT_EQ(set_.next_absent(NumberSet::kMax - 1), NumberSet::kMax - 1);
}

TEST_F(NumberSetTest, AnAnswerIsNotForgottenWhenTheNumberIsTaken) {
  for (std::uint32_t expected = 1; expected < 5000; ++expected) {
    ASSERT_EQ(set_.next_absent(1), expected);
    set_.insert(expected);
    ASSERT_EQ(set_.next_absent(70000), 70000U);  // looks elsewhere in between
  }
}

TEST_F(NumberSetTest, ScatteredNumbersTakeFewBytesEachAndAllAreCharged) {
  constexpr std::uint32_t kCount = 1'000'000;
  std::uint32_t number = 1;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    number = number * 1664525U + 1013904223U;
    set_.insert(number >> 1U);
  }
  EXPECT_LT(set_.footprint(), mib(6));
  EXPECT_GE(budget_.used(memory::Tag::kNumbers), set_.footprint());
  EXPECT_LT(budget_.used(memory::Tag::kNumbers), mib(8));
  set_.clear();
  EXPECT_EQ(budget_.used(), Bytes{});
}

TEST_F(NumberSetTest, AMillionNumbersInARowTakeAPageEach) {
  for (std::uint32_t i = 1; i <= 1'000'000; ++i) set_.insert(i);
  EXPECT_LT(set_.footprint(), kib(32));
}

TEST_F(NumberSetTest, RefusedMemoryIsThrown) {
  budget_.set_limit(kib(1));
  EXPECT_THROW(set_.insert(NumberSet::kMax), memory::OverBudget);
}

}  // namespace
}  // namespace m3u_proxy::channels
