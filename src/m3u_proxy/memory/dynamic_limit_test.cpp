#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/memory/dynamic_limit.hpp>
#include <m3u_proxy/memory/fake_root_testing.hpp>
#include <m3u_proxy/memory/memory_testing.hpp>

namespace m3u_proxy::memory {
namespace {

using testing::CapturedLog;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A machine of 8 GB (automatic limit 1024 MB) of which the process has 100 MB, 10 MB of it fixed.
class DynamicLimitTest : public testing::FakeRoot {
 protected:
  DynamicLimitTest() {
    process.rss = mib(100);
    available(6000);
  }
  void available(std::uint64_t mb) const {
    put("proc/meminfo",
        fmt::format("MemTotal: {} kB\nMemAvailable: {} kB\n", 8192 << 10U, mb << 10U));
  }
  void stalls(double some, double full) const {
    put("proc/pressure/memory", fmt::format("some avg10={:.2f} avg60=0.00\nfull avg10={:.2f} "
                                            "avg60=0.00\n",
                                            some, full));
  }
  void control_group(std::uint64_t mb) const {
    put("proc/self/cgroup", "0::/job\n");
    put("sys/fs/cgroup/job/memory.max", fmt::format("{}\n", mb << 20U));
  }
  double after_seconds(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      clock.advance(std::chrono::seconds(1));
      limit.update();
    }
    return limit.limit().mb();
  }

  CapturedLog log;
  testing::FakeProcess process;
  testing::FakeClock clock;
  Budget budget{mib(1014)};
  SimpleMemoryMonitor monitor{1024, {.process = &process, .clock = clock.function()}};
  std::vector<std::string> told;
  DynamicLimit limit{budget,
                     &monitor,
                     mib(1024),
                     {.fixed = mib(10),
                      .least = mib(32),
                      .root = root(),
                      .process = &process,
                      .clock = clock.function(),
                      .on_look = [this](const MemoryReadings& readings, Bytes now) {
                        told.push_back(fmt::format("{:.0f} MB of {:.0f}", now.mb(),
                                                   readings.available.value_or(Bytes{}).mb()));
                      }}};
};

TEST_F(DynamicLimitTest, StaysWhereTheSystemDoes) {
  EXPECT_EQ(after_seconds(60), 1024);
  EXPECT_THAT(limit.changes(), IsEmpty());
}

TEST_F(DynamicLimitTest, LooksOnlyOnceASecond) {
  available(100);
  clock.advance(std::chrono::milliseconds(999));
  limit.update();
  EXPECT_EQ(limit.limit(), mib(1024));
  clock.advance(std::chrono::milliseconds(1));
  limit.update();
  EXPECT_LT(limit.limit(), mib(1024));
}

TEST_F(DynamicLimitTest, FallsToWhatTheProcessHasAndSevenEighthsOfWhatIsAvailable) {
  available(400);
  EXPECT_EQ(after_seconds(1), 450);
  EXPECT_EQ(budget.limit(), mib(440));
  EXPECT_EQ(monitor.statistics().limit_mb, 450);
  EXPECT_THAT(told, ElementsAre("450 MB of 400"));
  after_seconds(1);
  EXPECT_THAT(told, ElementsAre("450 MB of 400", "450 MB of 400"));
  EXPECT_THAT(log.lines, ElementsAre("INFO Memory limit 1024 MB → 450 MB: the machine has 400 MB "
                                     "available"));
  ASSERT_EQ(limit.changes().size(), 1U);
  EXPECT_EQ(limit.changes()[0].from_mb, 1024);
  EXPECT_EQ(limit.changes()[0].to_mb, 450);
  EXPECT_EQ(limit.changes()[0].why, "the machine has 400 MB available");
}

TEST_F(DynamicLimitTest, LogsAChangeOnce) {
  available(400);
  after_seconds(30);
  EXPECT_EQ(log.lines.size(), 1U);
}

TEST_F(DynamicLimitTest, SmallSwingsChangeNothing) {
  available(400);
  after_seconds(1);
  for (const std::uint64_t mb : {380, 420, 375, 410}) {
    available(mb);
    EXPECT_EQ(after_seconds(10), 450);
  }
}

TEST_F(DynamicLimitTest, IsNeverBelowWhatTheJobNeeds) {
  process.rss = mib(12);
  available(1);
  EXPECT_EQ(after_seconds(30), 32);
  EXPECT_THAT(log.lines, ElementsAre("INFO Memory limit 1024 MB → 32 MB: the machine has 1 MB "
                                     "available; the job needs 32 MB"));
}

TEST_F(DynamicLimitTest, RisesByAQuarterAtATimeOnceMemoryIsThereFiveTimesInARow) {
  available(400);
  after_seconds(1);
  available(6000);
  EXPECT_EQ(after_seconds(4), 450);
  EXPECT_EQ(after_seconds(1), 562.5);
  EXPECT_EQ(after_seconds(5), 703.125);
  EXPECT_EQ(after_seconds(60), 1024);
  EXPECT_EQ(limit.changes().back().why, "memory is no longer short");
}

TEST_F(DynamicLimitTest, IsNeverAboveTheAutomaticLimit) {
  available(400);
  after_seconds(1);
  available(8000);
  EXPECT_EQ(after_seconds(600), 1024);
}

TEST_F(DynamicLimitTest, DoesNotRiseAfterALullOfOneLook) {
  available(400);
  after_seconds(1);
  for (int i = 0; i < 10; ++i) {
    available(6000);
    after_seconds(1);
    available(400);
    after_seconds(1);
  }
  EXPECT_EQ(limit.limit().mb(), 450);
}

TEST_F(DynamicLimitTest, FollowsTheControlGroupThatIsMadeSmallerAtOnce) {
  control_group(512);
  EXPECT_EQ(after_seconds(1), 448);
  control_group(504);
  EXPECT_EQ(after_seconds(1), 441);
  EXPECT_EQ(log.lines.front(),
            "INFO Memory limit 1024 MB → 448 MB: the control group's limit is 512 MB");
}

TEST_F(DynamicLimitTest, FallsByAnEighthWhileTasksWaitForMemory) {
  stalls(25, 0);
  EXPECT_EQ(after_seconds(1), 896);
  EXPECT_EQ(limit.changes()[0].why, "tasks waited for memory 25% of the time");
}

TEST_F(DynamicLimitTest, FallsByAQuarterWhileAllTasksWait) {
  stalls(60, 10);
  EXPECT_EQ(after_seconds(1), 768);
}

TEST_F(DynamicLimitTest, StallsNeverAskForLessThanTheProcessHas) {
  process.rss = mib(700);
  stalls(60, 30);
  EXPECT_EQ(after_seconds(1), 768);
  EXPECT_EQ(after_seconds(60), 700);
  process.rss = mib(300);
  EXPECT_EQ(after_seconds(10), 525);
}

TEST_F(DynamicLimitTest, WaitsTenSecondsForTheAverageToTellSomethingNew) {
  stalls(25, 0);
  EXPECT_EQ(after_seconds(10), 896);
  EXPECT_EQ(after_seconds(1), 784);
}

TEST_F(DynamicLimitTest, DoesNotRiseWhileTasksStillWait) {
  stalls(25, 0);
  after_seconds(1);
  stalls(6, 0);
  EXPECT_EQ(after_seconds(30), 896);
  stalls(4.9, 0);
  EXPECT_EQ(after_seconds(5), 1024);
}

TEST_F(DynamicLimitTest, KeepsTheLimitWhereTheProcessCannotBeMeasured) {
  process.broken = true;
  available(100);
  EXPECT_EQ(after_seconds(5), 1024);
}

TEST_F(DynamicLimitTest, KeepsNoEndlessListOfChanges) {
  for (int i = 0; i < 40; ++i) {
    available(400);
    after_seconds(1);
    available(6000);
    after_seconds(25);
  }
  EXPECT_EQ(limit.changes().size(), 100U);
}

}  // namespace
}  // namespace m3u_proxy::memory
