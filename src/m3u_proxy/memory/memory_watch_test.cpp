#include <gtest/gtest.h>

#include <m3u_proxy/memory/memory_testing.hpp>
#include <m3u_proxy/memory/memory_watch.hpp>

namespace m3u_proxy::memory {
namespace {

using testing::CapturedLog;
using testing::FakeProcess;

class MemoryWatchTest : public ::testing::Test {
 protected:
  MemoryWatchTest() { process.rss = process.highest = mib(10); }
  MemoryWatch watch(MemoryWatchOptions options = {}) {
    options.process = &process;
    return MemoryWatch(budget, std::move(options));
  }
  void come_to(Bytes rss) {
    process.rss = rss;
    process.highest = std::max(process.highest, rss);
  }

  CapturedLog log;
  Budget budget;
  FakeProcess process;
};

TEST(Watermark, IsTheCounterWhereItRoseElseTheHighestSample) {
  Watermark mark;
  mark.begin(mib(10), mib(50));
  mark.see(mib(30));
  mark.see(mib(20));
  EXPECT_EQ(mark.peak(mib(50)), mib(30));
  EXPECT_EQ(mark.peak(mib(60)), mib(60));
}

TEST_F(MemoryWatchTest, TheLevelIsThatOfTheProcess) {
  budget.set_limit(mib(90));
  auto memory = watch({.fixed = mib(10), .limit = mib(100)});
  EXPECT_EQ(memory.sample().level, MemoryPressureLevel::kOptimal);
  come_to(mib(86));
  EXPECT_EQ(memory.sample().level, MemoryPressureLevel::kCritical);
}

TEST_F(MemoryWatchTest, WarnsWhenTheLimitComesNear) {
  auto memory = watch({.limit = mib(100), .warning_threshold = 0.8});
  come_to(mib(85));
  memory.sample();
  memory.sample();
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_EQ(log.lines[0], "WARN Memory usage near the limit: 85.0MB of 100.0MB (85%)");
}

TEST_F(MemoryWatchTest, MemoryThatCannotBeMeasuredChangesNothing) {
  auto memory = watch();
  come_to(mib(42));
  memory.sample();
  process.broken = true;
  EXPECT_EQ(memory.sample().resident, mib(42));
}

TEST_F(MemoryWatchTest, TwoRunsChargeWhatNobodyReservedOnce) {
#ifdef M3U_PROXY_SANITIZED
  GTEST_SKIP() << "a sanitizer's memory is not charged";
#endif
  budget.set_limit(mib(100));
  auto memory = watch({.fixed = mib(10)});
  const RunWatermark one(memory);
  const RunWatermark two(memory);
  come_to(mib(15));
  for (int i = 0; i < 4; ++i) memory.sample();
  EXPECT_EQ(budget.used(Tag::kUnaccounted), mib(5));
  EXPECT_EQ(one.unaccounted(), mib(5));
  EXPECT_EQ(two.unaccounted(), mib(5));
}

TEST_F(MemoryWatchTest, ARunHasAPeakOfItsOwn) {
  auto memory = watch();
  {
    const RunWatermark first(memory);
    come_to(mib(80));
    come_to(mib(20));
    EXPECT_EQ(first.resident(), mib(80));
  }
  const RunWatermark second(memory);
  come_to(mib(40));
  memory.sample();
  come_to(mib(30));
  memory.sample();
  EXPECT_EQ(second.resident(), mib(40));
  come_to(mib(90));  // between two samples, but the kernel saw it
  come_to(mib(30));
  EXPECT_EQ(second.resident(), mib(90));
}

TEST_F(MemoryWatchTest, ASecondRunHidesNoPeakOfTheAccount) {
  auto memory = watch();
  const RunWatermark first(memory);
  {
    const auto held = budget.reserve(Tag::kBatch, mib(50));
  }
  const RunWatermark second(memory);
  EXPECT_EQ(first.account(Tag::kBatch), mib(50));
  EXPECT_EQ(second.account(Tag::kBatch), mib(0));
  const auto held = budget.reserve(Tag::kBatch, mib(30));
  memory.sample();
  EXPECT_EQ(second.account(), mib(30));
}

TEST_F(MemoryWatchTest, TheAccountsPeaksBeginAnewWithARunThatIsAlone) {
  auto memory = watch();
  {
    const auto held = budget.reserve(Tag::kBatch, mib(50));
  }
  const RunWatermark run(memory);
  {
    const auto held = budget.reserve(Tag::kBatch, mib(20));
  }  // between two samples
  EXPECT_EQ(run.account(Tag::kBatch), mib(20));
}

TEST_F(MemoryWatchTest, TheRunsMonitorSeesEverySample) {
  auto memory = watch();
  SimpleMemoryMonitor monitor({}, {.process = &process});
  process.highest = mib(100);
  ASSERT_TRUE(monitor.initialize());
  const RunWatermark run(memory, &monitor);
  come_to(mib(60));
  memory.sample();
  come_to(mib(20));
  EXPECT_EQ(monitor.observe_stage("Filtering")->peak_mb, 60);
}

}  // namespace
}  // namespace m3u_proxy::memory
