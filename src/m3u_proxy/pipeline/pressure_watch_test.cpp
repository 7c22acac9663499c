#include <gtest/gtest.h>

#include <m3u_proxy/memory/process_memory.hpp>
#include <m3u_proxy/pipeline/pressure_watch.hpp>

namespace m3u_proxy::pipeline {
namespace {

using enum memory::MemoryPressureLevel;

class PressureWatchTest : public testing::Test {
 protected:
  PressureWatchTest() {
    context_.budget = &budget_;
    context_.slabs = &slabs_;
    context_.threads = 4;
    context_.batch_rows = 1000;
  }
  /// So much more is in use.
  void use(std::uint64_t mb) { used_.push_back(*budget_.reserve(memory::Tag::kStore, mib(mb))); }

  memory::Budget budget_{mib(400'000)};  // so that the test's own size counts for little
  memory::SlabPool slabs_{budget_};
  memory::MemoryWatch memory_{budget_, {.fixed = *memory::process_memory().resident()}};
  RunContext context_;
  PressureWatchOptions options_{.memory = &memory_};
  std::vector<memory::Reservation> used_;
};

TEST_F(PressureWatchTest, WhatWaitsMovesDownFirstAndBatchesShrinkAtTheNextLook) {
  PressureWatch watch(context_, options_);
  std::vector<memory::StorageLevel> moves;
  watch.on_move_down([&](memory::StorageLevel kind) { moves.push_back(kind); });
  use(310'000);
  watch.check(Stage::kSourceLoading);
  EXPECT_EQ(watch.level(), kHigh);
  EXPECT_EQ(moves.back(), memory::StorageLevel::kSpill);
  EXPECT_EQ(watch.policy().batch_rows, 1000U);
  EXPECT_EQ(watch.policy().live_batches, 8U);
  watch.check(Stage::kSourceLoading);
  EXPECT_EQ(watch.policy().batch_rows, 500U);
  EXPECT_EQ(watch.policy().live_batches, 4U);
}

TEST_F(PressureWatchTest, BatchesGrowAgainWhenPressureHasPassedButNothingMovesUp) {
  PressureWatch watch(context_, options_);
  use(310'000);
  watch.check(Stage::kSourceLoading);
  watch.check(Stage::kSourceLoading);
  used_.clear();
  watch.check(Stage::kSourceLoading);
  EXPECT_EQ(watch.level(), kOptimal);
  EXPECT_EQ(watch.policy().batch_rows, 1000U);
  EXPECT_EQ(watch.policy().spool, memory::StorageLevel::kSpill);
}

TEST_F(PressureWatchTest, EachChangeIsAnEvent) {
  PressureWatch watch(context_, options_);
  use(310'000);
  watch.check(Stage::kSourceLoading);
  watch.check(Stage::kSourceLoading);
  ASSERT_EQ(watch.events().size(), 1U);
  EXPECT_EQ(watch.events()[0].from, "Optimal");
  EXPECT_EQ(watch.events()[0].to, "High");
  EXPECT_EQ(watch.events()[0].stage, "Source Loading");
}

TEST_F(PressureWatchTest, TheLevelIsTheOneItBeganAtUntilItLooks) {
  PressureWatch watch(context_, options_);
  watch.begin_at(kHigh);
  EXPECT_EQ(watch.level(), kHigh);
  watch.check(Stage::kSourceLoading);
  EXPECT_EQ(watch.level(), kOptimal);
}

TEST_F(PressureWatchTest, TwoRunsSeeTheSameLevelAndEachItsChange) {
  PressureWatch one(context_, options_);
  PressureWatch two(context_, options_);
  use(310'000);
  one.check(Stage::kSourceLoading);
  two.check(Stage::kEpgGeneration);
  EXPECT_EQ(two.level(), kHigh);
  ASSERT_EQ(two.events().size(), 1U);
  EXPECT_EQ(two.events()[0].stage, "EPG Generation");
  EXPECT_EQ(one.events().size(), 1U);
}

TEST_F(PressureWatchTest, NeverLessCarefulThanTheLeastLevel) {
  options_.least_level = kEmergency;
  PressureWatch watch(context_, options_);
  watch.begin_at(kEmergency);
  EXPECT_EQ(watch.level(), kEmergency);
  watch.check(Stage::kSourceLoading);
  EXPECT_EQ(watch.level(), kEmergency);
  EXPECT_EQ(watch.policy().live_batches, 1U);
  EXPECT_EQ(watch.policy().batch_rows, 100U);
}

}  // namespace
}  // namespace m3u_proxy::pipeline
