#include <gtest/gtest.h>

#include <m3u_proxy/pipeline/pressure_policy.hpp>

namespace m3u_proxy::pipeline {
namespace {

using enum memory::MemoryPressureLevel;
using memory::CleanupStrategy;
using memory::StorageLevel;

TEST(PressurePolicy, EachLevelAllowsLessThanTheOneBefore) {
  EXPECT_EQ(policy_at(kOptimal, 4, 1000),
            (PressurePolicy{memory::StorageLevel::kMemory, 1000, 8, CleanupStrategy::kBasic}));
  EXPECT_EQ(policy_at(kModerate, 4, 1000),
            (PressurePolicy{memory::StorageLevel::kCompressed, 1000, 8, CleanupStrategy::kSmart}));
  EXPECT_EQ(policy_at(kHigh, 4, 1000),
            (PressurePolicy{memory::StorageLevel::kSpill, 500, 4, CleanupStrategy::kSmart}));
  EXPECT_EQ(policy_at(kCritical, 4, 1000),
            (PressurePolicy{memory::StorageLevel::kSpill, 200, 2, CleanupStrategy::kAggressive}));
  EXPECT_EQ(policy_at(kEmergency, 4, 1000),
            (PressurePolicy{memory::StorageLevel::kSpill, 100, 1, CleanupStrategy::kAggressive}));
}

TEST(PressurePolicy, BatchesAreNeverLargerThanAskedFor) {
  for (const auto level : {kOptimal, kModerate, kHigh, kCritical, kEmergency})
    EXPECT_EQ(policy_at(level, 1, 7).batch_rows, 7U);
}

TEST(PressurePolicy, OneThreadNeverHasMoreLiveBatchesThanTwo) {
  EXPECT_EQ(policy_at(kOptimal, 1, 1000).live_batches, 2U);
  EXPECT_EQ(policy_at(kHigh, 1, 1000).live_batches, 1U);
  EXPECT_EQ(policy_at(kCritical, 1, 1000).live_batches, 1U);
}

TEST(PressurePolicy, TheLogSaysWhatItMeans) {
  EXPECT_EQ(to_string(policy_at(kHigh, 2, 1000)), "spill, batches of 500, 2 live, smart cleanup");
}

}  // namespace
}  // namespace m3u_proxy::pipeline
