#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/memory/memory_testing.hpp>
#include <m3u_proxy/memory/monitor.hpp>

namespace m3u_proxy::memory {
namespace {

using testing::CapturedLog;
using ::testing::ElementsAre;
using testing::FakeClock;
using testing::FakeProcess;
using testing::megabytes;

class MonitorTest : public ::testing::Test {
 protected:
  SimpleMemoryMonitor monitor(std::optional<double> limit_mb = std::nullopt) {
    return SimpleMemoryMonitor(limit_mb, {.process = &process, .clock = clock.function()});
  }

  FakeProcess process;
  FakeClock clock;
  CapturedLog log;
};

TEST_F(MonitorTest, ObservationIsOneLineWithTheChange) {
  auto watch = monitor();
  process.rss = megabytes(95.3);
  ASSERT_TRUE(watch.initialize());
  process.rss = megabytes(140.5);
  ASSERT_TRUE(watch.observe_stage("Source Loading"));
  process.rss = megabytes(120.0);
  ASSERT_TRUE(watch.observe_stage("Data Mapping"));
  EXPECT_THAT(log.lines,
              ElementsAre("INFO Memory observation for 'Source Loading': 140.5MB (Δ+45.2MB)",
                          "INFO Memory observation for 'Data Mapping': 120.0MB (Δ-20.5MB)"));
}

TEST_F(MonitorTest, SnapshotHasTheKernelsPeakWhereItHasRisenAndLeavesItAlone) {
  auto watch = monitor();
  process.rss = mib(10);
  process.highest = mib(15);
  ASSERT_TRUE(watch.initialize());
  process.rss = mib(20);
  process.highest = mib(50);
  const auto snapshot = watch.observe_stage("Filtering");
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->rss_mb, 20);
  EXPECT_EQ(snapshot->delta_mb, 10);
  EXPECT_EQ(snapshot->peak_mb, 50);
  EXPECT_EQ(process.resets, 0);
}

TEST_F(MonitorTest, ALaterStageBelowTheKernelsPeakHasItsHighestSample) {
  auto watch = monitor();
  process.rss = mib(10);
  ASSERT_TRUE(watch.initialize());
  process.highest = mib(50);
  ASSERT_TRUE(watch.observe_stage("Source Loading"));
  watch.see(mib(33));
  watch.see(mib(31));
  process.rss = mib(30);
  EXPECT_EQ(watch.observe_stage("Filtering")->peak_mb, 33);
  EXPECT_EQ(watch.highest(), mib(50));
}

TEST_F(MonitorTest, TheKernelsPeakBeginsAnewOnlyWhereThatIsAskedForAndSaid) {
  SimpleMemoryMonitor watch({}, {.process = &process, .restart_kernel_peak = true});
  process.rss = mib(10);
  ASSERT_TRUE(watch.initialize());
  ASSERT_TRUE(watch.observe_stage("Filtering"));
  EXPECT_EQ(process.resets, 2);
  ASSERT_EQ(log.lines.size(), 2U);
  EXPECT_EQ(
      log.lines[0],
      "INFO The kernel's peak of this process begins anew with each stage (detailed_logging): "
      "other programs see that of the last one only");
}

TEST_F(MonitorTest, PeakIsNeverBelowWhatWasSeen) {
  auto watch = monitor();
  process.rss = mib(20);
  process.highest = mib(15);
  EXPECT_EQ(watch.observe_stage("Filtering").value().peak_mb, 20);
}

TEST_F(MonitorTest, WithoutInitializeTheFirstObservationIsTheBaseline) {
  auto watch = monitor();
  process.rss = mib(30);
  EXPECT_EQ(watch.observe_stage("Source Loading").value().delta_mb, 0);
  EXPECT_EQ(watch.statistics().baseline_mb, 30);
}

TEST_F(MonitorTest, StatisticsKeepOneEntryAStage) {
  auto watch = monitor(512);
  process.rss = mib(10);
  ASSERT_TRUE(watch.initialize());
  process.rss = mib(30);
  process.highest = mib(80);
  ASSERT_TRUE(watch.observe_stage("Source Loading"));
  process.rss = mib(20);
  watch.see(mib(40));
  ASSERT_TRUE(watch.observe_stage("Filtering"));
  process.rss = mib(25);
  ASSERT_TRUE(watch.observe_stage("Source Loading"));

  const MemoryStatistics& statistics = watch.statistics();
  EXPECT_EQ(statistics.baseline_mb, 10);
  EXPECT_EQ(statistics.current_mb, 25);
  EXPECT_EQ(statistics.peak_mb, 80);
  EXPECT_EQ(statistics.limit_mb, 512);
  EXPECT_EQ(statistics.observations, 3U);
  ASSERT_EQ(statistics.stages.size(), 2U);
  EXPECT_EQ(statistics.stages[0].name, "Source Loading");
  EXPECT_EQ(statistics.stages[0].snapshot.rss_mb, 25);
  EXPECT_EQ(statistics.stages[0].snapshot.peak_mb, 80);
  EXPECT_EQ(statistics.stages[1].name, "Filtering");
  EXPECT_EQ(statistics.stages[1].snapshot.peak_mb, 40);
}

TEST_F(MonitorTest, InitializeForgetsTheRunBefore) {
  auto watch = monitor();
  process.rss = mib(90);
  ASSERT_TRUE(watch.observe_stage("Source Loading"));
  process.rss = mib(20);
  ASSERT_TRUE(watch.initialize());
  EXPECT_TRUE(watch.statistics().stages.empty());
  EXPECT_EQ(watch.statistics().peak_mb, 20);
}

TEST_F(MonitorTest, LimitIsWarnedAboutFromTheThresholdOn) {
  auto watch = monitor(100);
  process.rss = megabytes(79.9);
  EXPECT_EQ(watch.check_limit().value(), MemoryLimitStatus::kWithin);
  process.rss = mib(80);
  EXPECT_EQ(watch.check_limit().value(), MemoryLimitStatus::kWarning);
  process.rss = mib(100);
  EXPECT_EQ(watch.check_limit().value(), MemoryLimitStatus::kWarning);
  process.rss = megabytes(100.1);
  EXPECT_EQ(watch.check_limit().value(), MemoryLimitStatus::kExceeded);
  EXPECT_THAT(log.lines, ElementsAre("WARN Memory usage near the limit: 80.0MB of 100.0MB (80%)",
                                     "WARN Memory limit exceeded: 100.1MB of 100.0MB"));
}

TEST_F(MonitorTest, SameWarningWaitsForTheCooldown) {
  auto watch = monitor(100);
  process.rss = mib(90);
  ASSERT_TRUE(watch.check_limit());
  clock.advance(std::chrono::seconds(29));
  ASSERT_TRUE(watch.check_limit());
  EXPECT_EQ(watch.statistics().warnings, 1U);
  clock.advance(std::chrono::seconds(1));
  ASSERT_TRUE(watch.check_limit());
  EXPECT_EQ(watch.statistics().warnings, 2U);
  EXPECT_EQ(log.lines.size(), 2U);
}

TEST_F(MonitorTest, WithoutLimitNothingIsWarnedAbout) {
  auto watch = monitor();
  process.rss = mib(100'000);
  EXPECT_EQ(watch.check_limit().value(), MemoryLimitStatus::kWithin);
  EXPECT_TRUE(log.lines.empty());
}

TEST_F(MonitorTest, UnreadableMemoryIsAnErrorAndNotAFigure) {
  auto watch = monitor(100);
  process.broken = true;
  EXPECT_EQ(watch.initialize().error().code, ErrorCode::kIo);
  EXPECT_EQ(watch.observe_stage("Filtering").error().code, ErrorCode::kIo);
  EXPECT_EQ(watch.check_limit().error().code, ErrorCode::kIo);
}

TEST(SimpleMemoryMonitor, ObservesTheRunningProcess) {
  const CapturedLog log;
  SimpleMemoryMonitor monitor(512);
  ASSERT_TRUE(monitor.initialize());
  const auto snapshot = monitor.observe_stage("Source Loading");
  ASSERT_TRUE(snapshot);
  EXPECT_GT(snapshot->rss_mb, 1);
  EXPECT_GE(snapshot->peak_mb, snapshot->rss_mb);
}

TEST(UnaccountedMemory, ChargesWhatNobodyReserved) {
#ifdef M3U_PROXY_SANITIZED
  GTEST_SKIP() << "a sanitizer's memory is not charged";
#endif
  Budget budget(mib(100));
  const auto reserved = budget.reserve(Tag::kBatch, mib(20)).value();
  UnaccountedMemory rest(budget, mib(5));
  EXPECT_EQ(rest.update(mib(35)), mib(10));
  EXPECT_EQ(budget.used(Tag::kUnaccounted), mib(10));
  EXPECT_EQ(rest.update(mib(27)), mib(2));
  EXPECT_EQ(budget.used(), mib(22));
  EXPECT_EQ(rest.update(mib(20)), mib(0));
  EXPECT_EQ(budget.used(Tag::kUnaccounted), mib(0));
}

TEST(UnaccountedMemory, ChargesNoMoreThanTheBudgetHasRoomFor) {
#ifdef M3U_PROXY_SANITIZED
  GTEST_SKIP() << "a sanitizer's memory is not charged";
#endif
  Budget budget(mib(30));
  const auto reserved = budget.reserve(Tag::kBatch, mib(20)).value();
  UnaccountedMemory rest(budget, mib(0));
  EXPECT_EQ(rest.update(mib(100)), mib(80));
  EXPECT_EQ(budget.used(), mib(30));
}

}  // namespace
}  // namespace m3u_proxy::memory
