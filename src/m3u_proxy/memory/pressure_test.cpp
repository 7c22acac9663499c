#include <gtest/gtest.h>

#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/memory/pressure.hpp>

namespace m3u_proxy::memory {
namespace {

using enum MemoryPressureLevel;

TEST(PressureLevel, RisesAt50And70And85AndAbove95Percent) {
  constexpr Bytes kLimit{10'000};
  EXPECT_EQ(pressure_level({0}, kLimit), kOptimal);
  EXPECT_EQ(pressure_level({4'999}, kLimit), kOptimal);
  EXPECT_EQ(pressure_level({5'000}, kLimit), kModerate);
  EXPECT_EQ(pressure_level({6'999}, kLimit), kModerate);
  EXPECT_EQ(pressure_level({7'000}, kLimit), kHigh);
  EXPECT_EQ(pressure_level({8'499}, kLimit), kHigh);
  EXPECT_EQ(pressure_level({8'500}, kLimit), kCritical);
  EXPECT_EQ(pressure_level({9'500}, kLimit), kCritical);
  EXPECT_EQ(pressure_level({9'501}, kLimit), kEmergency);
  EXPECT_EQ(pressure_level({20'000}, kLimit), kEmergency);
}

TEST(PressureLevel, IsOptimalWithoutLimit) {
  EXPECT_EQ(pressure_level(mib(1'000'000), Budget::kUnlimited), kOptimal);
}

TEST(PressureLevel, IsEmergencyWhenNothingIsAllowed) {
  EXPECT_EQ(pressure_level({0}, {0}), kEmergency);
}

TEST(PressureLevel, IsCalledByOneWord) {
  EXPECT_EQ(to_string(kOptimal), "Optimal");
  EXPECT_EQ(to_string(kModerate), "Moderate");
  EXPECT_EQ(to_string(kHigh), "High");
  EXPECT_EQ(to_string(kCritical), "Critical");
  EXPECT_EQ(to_string(kEmergency), "Emergency");
}

class PressureTrackerTest : public ::testing::Test {
 protected:
  MemoryPressureLevel at(std::uint64_t percent) { return tracker.update({percent}, {0}, {100}); }
  PressureTracker tracker;
};

TEST_F(PressureTrackerTest, RisesAtOnce) {
  EXPECT_EQ(at(10), kOptimal);
  EXPECT_EQ(at(96), kEmergency);
}

TEST_F(PressureTrackerTest, FallsOnlyFivePointsBelowItsThreshold) {
  at(70);
  EXPECT_EQ(at(69), kHigh);
  EXPECT_EQ(at(65), kHigh);
  EXPECT_EQ(at(64), kModerate);
  EXPECT_EQ(at(45), kModerate);
  EXPECT_EQ(at(44), kOptimal);
}

TEST_F(PressureTrackerTest, FallsSeveralLevelsWhenTheUseDoes) {
  at(99);
  EXPECT_EQ(at(10), kOptimal);
}

TEST_F(PressureTrackerTest, StopsWhereTheHysteresisHolds) {
  at(99);
  EXPECT_EQ(at(67), kHigh);  // below 80, not below 65
}

constexpr MemoryThresholds kOf16Gb{
    .optimal_mb = 2048, .moderate_mb = 4096, .high_mb = 8192, .critical_mb = 12288};

TEST(PressureLevel, ByThresholdsEndsWhereTheySay) {
  EXPECT_EQ(system_pressure_level(mib(2047), kOf16Gb), kOptimal);
  EXPECT_EQ(system_pressure_level(mib(2048), kOf16Gb), kModerate);
  EXPECT_EQ(system_pressure_level(mib(4096), kOf16Gb), kHigh);
  EXPECT_EQ(system_pressure_level(mib(8192), kOf16Gb), kCritical);
  EXPECT_EQ(system_pressure_level(mib(12288), kOf16Gb), kCritical);
  EXPECT_EQ(system_pressure_level(mib(12289), kOf16Gb), kEmergency);
}

TEST(PressureLevel, IsOptimalByUnknownThresholds) {
  EXPECT_EQ(system_pressure_level(mib(100'000), {}), kOptimal);
}

TEST_F(PressureTrackerTest, TakesTheWorseOfLimitAndSystemThresholds) {
  tracker.set_system_thresholds(kOf16Gb);
  EXPECT_EQ(tracker.update(mib(5000), {}, Budget::kUnlimited), kHigh);
  EXPECT_EQ(tracker.update(mib(400), {}, mib(410)), kEmergency);
}

TEST_F(PressureTrackerTest, SystemThresholdsHaveTheSameHysteresis) {
  tracker.set_system_thresholds(kOf16Gb);
  EXPECT_EQ(tracker.update(mib(2048), {}, Budget::kUnlimited), kModerate);
  EXPECT_EQ(tracker.update(mib(1844), {}, Budget::kUnlimited), kModerate);  // 45.02 %
  EXPECT_EQ(tracker.update(mib(1843), {}, Budget::kUnlimited), kOptimal);   // 44.99 %
}

TEST_F(PressureTrackerTest, TakesTheWorseOfAccountAndResidentSize) {
  EXPECT_EQ(tracker.update({10}, {86}, {100}), kCritical);
  EXPECT_EQ(tracker.update({99}, {10}, {100}), kEmergency);
}

}  // namespace
}  // namespace m3u_proxy::memory
