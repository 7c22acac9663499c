#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/memory/prediction.hpp>

namespace m3u_proxy::memory {
namespace {

using enum MemoryPressureLevel;

/// A run of `channels` channels of 200 bytes that grew by `growth_mb` above 10 MB.
RunRecord run(std::uint64_t channels, double growth_mb, double limit_mb = 0,
              StorageLevel storage = StorageLevel::kMemory) {
  return {.size = {.source_bytes = channels * 200},
          .channels = channels,
          .limit_mb = limit_mb,
          .fixed_mb = 10,
          .peak_mb = 10 + growth_mb,
          .storage = storage,
          .stages = {{.stage = "Source Loading", .peak_mb = 10 + growth_mb / 2},
                     {.stage = "M3U Generation", .peak_mb = 10 + growth_mb}}};
}

TEST(RunHistory, KeepsTheLastTwentyRuns) {
  RunHistory history;
  for (std::uint64_t i = 1; i <= 25; ++i) history.add(run(i, 1));
  ASSERT_EQ(history.runs().size(), 20U);
  EXPECT_EQ(history.runs().front().channels, 6U);
  EXPECT_EQ(history.runs().back().channels, 25U);
}

TEST(Predict, RepeatsWhatTheSameDataNeeded) {
  RunHistory history;
  for (int i = 0; i < 3; ++i) history.add(run(100'000, 50));
  const Prediction expected = predict(history, {.source_bytes = 20'000'000}, mib(10), std::nullopt);
  EXPECT_EQ(expected.channels, 100'000U);
  EXPECT_DOUBLE_EQ(expected.peak_mb, 60);
  EXPECT_EQ(expected.runs, 3U);
  ASSERT_EQ(expected.stages.size(), 2U);
  EXPECT_EQ(expected.stages[0].stage, "Source Loading");
  EXPECT_DOUBLE_EQ(expected.stages[0].peak_mb, 35);
}

TEST(Predict, GrowsWithTheSourceAboveWhatTheProcessTakesAnyway) {
  RunHistory history;
  history.add(run(100'000, 50));
  const Prediction expected = predict(history, {.source_bytes = 40'000'000}, mib(12), std::nullopt);
  EXPECT_EQ(expected.channels, 200'000U);
  EXPECT_DOUBLE_EQ(expected.peak_mb, 112);
}

TEST(Predict, AveragesWithTheNewestRunForHalf) {
  RunHistory history;
  for (const double growth : {40.0, 80.0}) history.add(run(100'000, growth));
  EXPECT_DOUBLE_EQ(predict(history, {.source_bytes = 20'000'000}, mib(10), std::nullopt).peak_mb,
                   70);
}

TEST(Predict, NeedIsJudgedByTheMostAChannelEverTook) {
  RunHistory history;
  for (const double growth : {80.0, 40.0, 40.0}) history.add(run(100'000, growth));
  EXPECT_DOUBLE_EQ(predict(history, {.source_bytes = 20'000'000}, mib(10), std::nullopt).plain_mb,
                   90);
}

TEST(Predict, TakesTheLastRunsChannelsWhereTheSizeIsNotKnown) {
  RunHistory history;
  history.add(run(1'000, 5));
  history.add(run(3'000, 15));
  EXPECT_EQ(predict(history, {}, mib(10), std::nullopt).channels, 3'000U);
}

TEST(Predict, IsNeverAboveTheLimit) {
  RunHistory history;
  history.add(run(100'000, 50, 64));
  const Prediction expected = predict(history, {.source_bytes = 200'000'000}, mib(10), mib(64));
  EXPECT_DOUBLE_EQ(expected.peak_mb, 64);
  EXPECT_DOUBLE_EQ(expected.stages[1].peak_mb, 64);
}

TEST(Predict, ComparesOnlyRunsUnderTheSameLimit) {
  RunHistory history;
  history.add(run(100'000, 200));
  history.add(run(100'000, 50, 64, StorageLevel::kCompressed));
  EXPECT_DOUBLE_EQ(predict(history, {.source_bytes = 20'000'000}, mib(10), mib(64)).peak_mb, 60);
  EXPECT_DOUBLE_EQ(predict(history, {.source_bytes = 20'000'000}, mib(10), std::nullopt).peak_mb,
                   210);
}

TEST(Predict, UnderANewLimitTheRunsThatBeganThatWayCount) {
  RunHistory history;
  history.add(run(100'000, 90));
  history.add(run(100'000, 30, 64, StorageLevel::kCompressed));
  EXPECT_DOUBLE_EQ(predict(history, {.source_bytes = 20'000'000}, mib(10), mib(80)).peak_mb, 40);
  EXPECT_DOUBLE_EQ(predict(history, {.source_bytes = 20'000'000}, mib(10), mib(400)).peak_mb, 100);
}

TEST(Predict, GoesBySizeWithoutHistory) {
  const Prediction expected = predict({}, {.source_bytes = 22'000'000}, mib(10), std::nullopt);
  EXPECT_EQ(expected.channels, 100'000U);
  EXPECT_EQ(expected.runs, 0U);
  EXPECT_NEAR(expected.plain_mb, 10 + 12 + 20.98 * 1.2, 0.01);
  EXPECT_NEAR(expected.compressed_mb, 10 + 12 + 20.98 * 0.45, 0.01);
  EXPECT_DOUBLE_EQ(expected.peak_mb, expected.plain_mb);
}

TEST(Predict, GuideStageGrowsWithTheGuide) {
  RunHistory history;
  RunRecord with_guide = run(1'000, 4);
  with_guide.size.guide_bytes = 100'000'000;
  with_guide.stages.push_back({.stage = "EPG Generation", .peak_mb = 30, .of_guide = true});
  history.add(with_guide);
  const RunSize twice{.source_bytes = 200'000, .guide_bytes = 200'000'000};
  EXPECT_DOUBLE_EQ(predict(history, twice, mib(10), std::nullopt).peak_mb, 50);
  EXPECT_DOUBLE_EQ(predict(history, twice, mib(10), std::nullopt).plain_mb, 14);
}

TEST(Predict, ExpectsNothingOfNothing) {
  const Prediction expected = predict({}, {}, mib(10), mib(64));
  EXPECT_EQ(expected.channels, 0U);
  EXPECT_DOUBLE_EQ(expected.peak_mb, 22);
}

StartingPoint start(double plain_mb, double compressed_mb, std::optional<Bytes> limit) {
  return starting_point({.channels = 39'161, .plain_mb = plain_mb, .compressed_mb = compressed_mb},
                        limit);
}

TEST(StartingPoint, IsOptimalWherePlainFitsIntoHalfOfTheLimit) {
  EXPECT_EQ(start(49.9, 20, mib(100)).pressure, kOptimal);
  EXPECT_EQ(start(1e6, 1e6, std::nullopt).pressure, kOptimal);
}

TEST(StartingPoint, IsModerateWhereCompressedStaysBelowSeventyPercent) {
  const StartingPoint point = start(50, 40, mib(100));
  EXPECT_EQ(point.pressure, kModerate);
  EXPECT_EQ(point.why,
            "39161 channels are expected to need 40.0MB compressed, the limit is 100.0MB");
}

TEST(StartingPoint, IsHighOrCriticalWhereEvenCompressedItIsMuch) {
  EXPECT_EQ(start(200, 70, mib(100)).pressure, kHigh);
  EXPECT_EQ(start(200, 90, mib(100)).pressure, kCritical);
  EXPECT_EQ(start(2000, 900, mib(100)).pressure, kCritical);
}

}  // namespace
}  // namespace m3u_proxy::memory
