#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/memory/cleanup.hpp>
#include <m3u_proxy/memory/memory_testing.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::memory {
namespace {

using testing::CapturedLog;
using ::testing::ElementsAre;
using testing::FakeClock;
using testing::FakeProcess;
using ::testing::HasSubstr;
using testing::megabytes;
using enum CleanupStrategy;

/// An output that notes which cleanup ran and takes time and memory as told.
class FakeOutput final : public MemoryCleanable {
 public:
  FakeOutput(FakeProcess& process, FakeClock& clock) : process_(process), clock_(clock) {}

  std::size_t basic_cleanup() override { return run("basic"); }
  std::size_t aggressive_cleanup() override { return run("aggressive"); }
  std::size_t smart_cleanup() override { return run("smart"); }
  [[nodiscard]] MemoryUsage memory_usage() const override { return usage; }

  bool throws = false;
  std::vector<std::string> ran;
  MemoryUsage usage;
  Bytes frees{};
  std::size_t items = 0;
  std::chrono::milliseconds takes{0};

 private:
  std::size_t run(std::string what) {
    if (throws) throw std::runtime_error("out of order");
    ran.push_back(std::move(what));
    process_.rss -= frees;
    clock_.advance(takes);
    return items;
  }
  FakeProcess& process_;
  FakeClock& clock_;
};

class CleanupTest : public ::testing::Test {
 protected:
  MemoryCleanupCoordinator coordinator(bool aggressive, std::optional<double> threshold_mb) {
    return MemoryCleanupCoordinator(aggressive, threshold_mb,
                                    {.process = &process,
                                     .clock = clock.function(),
                                     .release_heap = [this] { ++heap_releases; }});
  }

  MemoryCleanupCoordinator coordinator(const MemoryCleanupConfig& config) {
    return MemoryCleanupCoordinator(config, {.process = &process,
                                             .clock = clock.function(),
                                             .release_heap = [this] { ++heap_releases; }});
  }

  FakeProcess process;
  FakeClock clock;
  FakeOutput output{process, clock};
  int heap_releases = 0;
};

TEST_F(CleanupTest, StatsSayWhatWasFreed) {
  auto cleaner = coordinator(false, std::nullopt);
  process.rss = mib(140);
  output.frees = mib(45);
  output.items = 39'161;
  output.takes = std::chrono::milliseconds(3);
  const auto stats = cleaner.cleanup_between_stages("Source Loading", output, kBasic);
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->stage, "Source Loading");
  EXPECT_EQ(stats->strategy, kBasic);
  EXPECT_EQ(stats->before_mb, 140);
  EXPECT_EQ(stats->after_mb, 95);
  EXPECT_EQ(stats->freed_mb, 45);
  EXPECT_EQ(stats->items_cleaned, 39'161U);
  EXPECT_EQ(stats->duration, std::chrono::milliseconds(3));
}

TEST_F(CleanupTest, EachCleanupIsLoggedAtDebug) {
  const CapturedLog log("info,memory.cleanup=debug");
  auto cleaner = coordinator(false, std::nullopt);
  process.rss = megabytes(140.5);
  output.frees = megabytes(45.2);
  output.items = 39'161;
  output.takes = std::chrono::milliseconds(3);
  ASSERT_TRUE(cleaner.cleanup_between_stages("Source Loading", output, kBasic));
  EXPECT_THAT(log.lines,
              ElementsAre("DEBUG memory.cleanup: Memory cleanup after 'Source Loading': 45.2MB "
                          "freed (140.5MB → 95.3MB), 39161 items cleaned, 3ms (basic)"));
}

TEST_F(CleanupTest, SummaryIsOneLineOfTotals) {
  const CapturedLog log;
  auto cleaner = coordinator(false, std::nullopt);
  process.rss = mib(500);
  output.takes = std::chrono::milliseconds(9);
  for (const double freed : {45.2, 38.0, 27.1, 10.0, 7.0}) {
    output.frees = megabytes(freed);
    output.items = 31'284;
    ASSERT_TRUE(cleaner.cleanup_between_stages("Filtering", output, kBasic));
  }
  cleaner.log_summary();
  EXPECT_THAT(log.lines, ElementsAre("INFO Memory cleanup summary: 5 operations, 127.3MB freed, "
                                     "156420 items cleaned, 45ms total"));
  EXPECT_EQ(cleaner.summary().operations, 5U);
  EXPECT_EQ(cleaner.summary().items_cleaned, 156'420U);
}

TEST_F(CleanupTest, GrowthDuringACleanupIsNotNegativeFreedMemory) {
  auto cleaner = coordinator(false, std::nullopt);
  process.rss = mib(100);
  output.frees = Bytes{0} - mib(1);  // grows by 1 MB
  EXPECT_EQ(cleaner.cleanup_between_stages("Filtering", output, kBasic).value().freed_mb, 0);
}

TEST_F(CleanupTest, WhatIsKeptIsCleanedByTheSameStrategyAndItsItemsCount) {
  auto cleaner = coordinator(false, std::nullopt);
  FakeOutput kept{process, clock};
  kept.items = 3;
  output.items = 10;
  cleaner.add_kept(kept);
  EXPECT_EQ(cleaner.cleanup_between_stages("Filtering", output, kBasic)->items_cleaned, 13U);
  EXPECT_EQ(heap_releases, 0);
  EXPECT_EQ(cleaner.cleanup_between_stages("Filtering", output, kAggressive)->items_cleaned, 13U);
  EXPECT_THAT(output.ran, ElementsAre("basic", "aggressive"));
  EXPECT_THAT(kept.ran, ElementsAre("basic", "aggressive"));
  EXPECT_EQ(heap_releases, 1);
}

TEST_F(CleanupTest, SmartCountsWhatIsKeptAndLeavesItAloneWhereThatIsLittle) {
  auto cleaner = coordinator(false, std::nullopt);
  FakeOutput kept{process, clock};
  cleaner.add_kept(kept);
  kept.usage = {.held = mib(10), .unused = kib(100)};
  ASSERT_TRUE(cleaner.cleanup_between_stages("Filtering", output, kSmart));
  EXPECT_TRUE(kept.ran.empty());
  kept.usage.unused = mib(5);
  ASSERT_TRUE(cleaner.cleanup_between_stages("Filtering", output, kSmart));
  EXPECT_THAT(kept.ran, ElementsAre("smart"));
}

TEST_F(CleanupTest, AggressiveCoordinatorReturnsMemoryAfterEveryStrategy) {
  auto cleaner = coordinator(true, std::nullopt);
  FakeOutput kept{process, clock};
  cleaner.add_kept(kept);
  ASSERT_TRUE(cleaner.cleanup_between_stages("Filtering", output, kBasic));
  ASSERT_TRUE(cleaner.cleanup_between_stages("Filtering", output, kSmart));
  EXPECT_THAT(kept.ran, ElementsAre("aggressive", "aggressive"));
  EXPECT_EQ(heap_releases, 2);
}

TEST_F(CleanupTest, SmartSaysWhatItChoseAndWhy) {
  const CapturedLog log("info,memory.cleanup=debug");
  auto cleaner = coordinator(false, 256);
  process.rss = mib(200);
  output.usage = {.held = mib(40), .unused = mib(10)};
  cleaner.expect_next_stage(mib(60));
  ASSERT_TRUE(cleaner.cleanup_between_stages("Data Mapping", output, kSmart));
  ASSERT_TRUE(cleaner.cleanup_between_stages("Data Mapping", output, kSmart));
  output.usage.unused = kib(512);
  ASSERT_TRUE(cleaner.cleanup_between_stages("Data Mapping", output, kSmart));
  EXPECT_THAT(output.ran, ElementsAre("aggressive", "smart"));
  ASSERT_EQ(log.lines.size(), 6U);
  EXPECT_EQ(log.lines[0],
            "DEBUG memory.cleanup: Smart cleanup after 'Data Mapping' cleans everything: the next "
            "stage needs 60.0MB, 56.0MB are left below the threshold of 256.0MB");
  EXPECT_EQ(log.lines[2],
            "DEBUG memory.cleanup: Smart cleanup after 'Data Mapping' cleans where much is unused: "
            "10.0MB of 40.0MB are unused");
  EXPECT_EQ(log.lines[4],
            "DEBUG memory.cleanup: Smart cleanup after 'Data Mapping' cleans nothing: 0.5MB of "
            "40.0MB are unused, not worth the time");
}

TEST_F(CleanupTest, SmartFollowsTheTrend) {
  const CapturedLog log("info,memory.cleanup=debug");
  auto cleaner = coordinator(false, 256);
  for (const std::uint64_t rss : {20U, 100U, 180U}) {  // each stage adds 80 MB
    process.rss = mib(rss);
    ASSERT_TRUE(cleaner.cleanup_between_stages("Filtering", output, kSmart));
  }
  process.rss = mib(210);
  ASSERT_TRUE(cleaner.cleanup_between_stages("Filtering", output, kSmart));
  EXPECT_THAT(log.lines[6], HasSubstr("cleans everything: by the trend a stage needs 60.0MB, "
                                      "46.0MB are left below the threshold of 256.0MB"));
}

TEST_F(CleanupTest, UnreadableMemoryCleansNothing) {
  auto cleaner = coordinator(false, 100);
  process.broken = true;
  EXPECT_EQ(cleaner.cleanup_between_stages("Filtering", output, kBasic).error().code,
            ErrorCode::kIo);
  EXPECT_TRUE(output.ran.empty());
  EXPECT_EQ(cleaner.should_cleanup().error().code, ErrorCode::kIo);
}

TEST_F(CleanupTest, ShouldCleanupFromTheThresholdOn) {
  auto cleaner = coordinator(false, 256);
  process.rss = mib(256) - Bytes{1};
  EXPECT_FALSE(cleaner.should_cleanup().value());
  process.rss = mib(256);
  EXPECT_TRUE(cleaner.should_cleanup().value());
}

TEST_F(CleanupTest, WithoutThresholdOnlyAnAggressiveCoordinatorCallsForCleanup) {
  EXPECT_TRUE(coordinator(true, std::nullopt).should_cleanup().value());
  EXPECT_FALSE(coordinator(false, std::nullopt).should_cleanup().value());
}

TEST_F(CleanupTest, FailuresAreCountedAndTheNextCleanupWorks) {
  const CapturedLog log;
  auto cleaner = coordinator(false, std::nullopt);
  process.broken = true;
  EXPECT_FALSE(cleaner.cleanup_between_stages("Filtering", output, kBasic));
  process.broken = false;
  output.throws = true;
  const auto thrown = cleaner.cleanup_between_stages("Filtering", output, kBasic);
  EXPECT_EQ(thrown.error().code, ErrorCode::kInternal);
  EXPECT_EQ(thrown.error().message, "the cleanup after 'Filtering' failed: out of order");
  output.throws = false;
  EXPECT_TRUE(cleaner.cleanup_between_stages("Filtering", output, kBasic));
  EXPECT_EQ(cleaner.summary().operations, 1U);
  EXPECT_EQ(cleaner.summary().failures, 2U);
  cleaner.log_summary();
  EXPECT_THAT(log.lines, ElementsAre("INFO Memory cleanup summary: 1 operations, 0.0MB freed, 0 "
                                     "items cleaned, 0ms total, 2 failed"));
}

TEST_F(CleanupTest, DetailedLoggingShowsEachCleanupAtInfo) {
  const CapturedLog log;
  auto cleaner = coordinator({.detailed_logging = true});
  process.rss = mib(100);
  output.usage = {.held = mib(4), .unused = mib(2)};
  ASSERT_TRUE(cleaner.cleanup_between_stages("Data Mapping", output, kSmart));
  EXPECT_THAT(log.lines,
              ElementsAre("INFO Smart cleanup after 'Data Mapping' cleans where much is unused: "
                          "2.0MB of 4.0MB are unused",
                          "INFO Memory cleanup after 'Data Mapping': 0.0MB freed (100.0MB → "
                          "100.0MB), 0 items cleaned, 0ms (smart)"));
}

TEST_F(CleanupTest, HistoryKeepsTheLastThousand) {
  auto cleaner = coordinator({.track_cleanup_history = true});
  for (int i = 0; i < 1002; ++i)
    ASSERT_TRUE(cleaner.cleanup_between_stages("stage " + std::to_string(i), output, kBasic));
  ASSERT_EQ(cleaner.history().size(), 1000U);
  EXPECT_EQ(cleaner.history().front().stage, "stage 2");
  EXPECT_EQ(cleaner.history().back().stage, "stage 1001");
}

TEST_F(CleanupTest, HistoryIsOnlyKeptWhenAskedFor) {
  auto cleaner = coordinator({});
  ASSERT_TRUE(cleaner.cleanup_between_stages("Filtering", output, kBasic));
  EXPECT_TRUE(cleaner.history().empty());
}

TEST_F(CleanupTest, TickDoesNothingUnlessAnIntervalIsSet) {
  auto cleaner = coordinator({.aggressive_cleanup = true});
  clock.advance(std::chrono::hours(24));
  cleaner.tick("Filtering", output, kBasic);
  EXPECT_TRUE(output.ran.empty());
  EXPECT_EQ(cleaner.summary().operations, 0U);
}

TEST_F(CleanupTest, TickCleansByTheStrategyOnceAnInterval) {
  auto cleaner =
      coordinator({.auto_gc_interval = std::chrono::seconds(30), .track_cleanup_history = true});
  for (int second = 1; second <= 90; ++second) {
    clock.advance(std::chrono::seconds(1));
    cleaner.tick("Filtering", output, kBasic);
  }
  EXPECT_THAT(output.ran, ElementsAre("basic", "basic", "basic"));
  EXPECT_EQ(cleaner.history().back().cause, CleanupCause::kInterval);
  EXPECT_EQ(heap_releases, 0);
}

TEST_F(CleanupTest, CleanupBetweenStagesStartsTheIntervalAnew) {
  auto cleaner = coordinator({.auto_gc_interval = std::chrono::seconds(30)});
  clock.advance(std::chrono::seconds(29));
  ASSERT_TRUE(cleaner.cleanup_between_stages("Source Loading", output, kBasic));
  clock.advance(std::chrono::seconds(29));
  cleaner.tick("Filtering", output, kBasic);
  EXPECT_EQ(output.ran.size(), 1U);
}

TEST_F(CleanupTest, ForcedCleanupIsAggressiveAndComesAtLeastThatOften) {
  auto cleaner = coordinator({.auto_gc_interval = std::chrono::seconds(4),
                              .force_cleanup_frequency = std::chrono::seconds(10),
                              .track_cleanup_history = true});
  for (int second = 1; second <= 20; ++second) {
    clock.advance(std::chrono::seconds(1));
    cleaner.tick("Filtering", output, kBasic);
  }
  EXPECT_THAT(output.ran,
              ElementsAre("basic", "basic", "aggressive", "basic", "basic", "aggressive"));
  EXPECT_EQ(cleaner.history().back().cause, CleanupCause::kForced);
  EXPECT_EQ(heap_releases, 2);
}

TEST_F(CleanupTest, CleanupByASoftStrategyDoesNotPutOffTheForcedOne) {
  auto cleaner = coordinator({.force_cleanup_frequency = std::chrono::seconds(10)});
  clock.advance(std::chrono::seconds(6));
  ASSERT_TRUE(cleaner.cleanup_between_stages("Source Loading", output, kBasic));
  clock.advance(std::chrono::seconds(4));
  cleaner.tick("Filtering", kBasic);
  EXPECT_EQ(heap_releases, 1);
}

TEST_F(CleanupTest, FailedTickIsCountedLoggedAndTriedAgainAfterTheInterval) {
  const CapturedLog log;
  auto cleaner = coordinator({.auto_gc_interval = std::chrono::seconds(30)});
  process.broken = true;
  clock.advance(std::chrono::seconds(30));
  cleaner.tick("Filtering", output, kBasic);
  cleaner.tick("Filtering", output, kBasic);
  EXPECT_EQ(cleaner.summary().failures, 1U);
  EXPECT_THAT(log.lines, ElementsAre("WARN Memory cleanup in 'Filtering' failed: cannot read "
                                     "/proc/self/statm"));
  process.broken = false;
  clock.advance(std::chrono::seconds(30));
  cleaner.tick("Filtering", output, kBasic);
  EXPECT_EQ(cleaner.summary().operations, 1U);
}

TEST_F(CleanupTest, ThresholdMayChangeWhileAJobRuns) {
  Bytes limit = mib(512);
  MemoryCleanupCoordinator cleaner({}, {.process = &process, .threshold = [&] { return limit; }});
  process.rss = mib(300);
  EXPECT_FALSE(cleaner.should_cleanup().value());
  limit = mib(256);
  EXPECT_TRUE(cleaner.should_cleanup().value());
}

TEST(CoarseClock, IsTheSteadyClockSomeMillisecondsBehind) {
  const auto before = coarse_steady_now();
  const auto exact = std::chrono::steady_clock::now();
  EXPECT_LE(before, exact);
  EXPECT_LT(exact - before, std::chrono::seconds(5));
}

TEST(Cleanup, SlabsOfAPoolLeaveTheProcess) {
  Budget budget;
  SlabPool pool(budget, mib(64));
  MemoryCleanupCoordinator cleaner;
  cleaner.add_kept(pool);
  {
    std::vector<Slab> slabs;
    for (int i = 0; i < 12; ++i) {
      slabs.push_back(pool.acquire(Tag::kBatch, SlabPool::kSizes[3]).value());
      std::memset(slabs.back().data(), 1, slabs.back().size());
    }
  }
  std::vector<int> nothing;
  CleanableParts output(nothing);
  const auto basic = cleaner.cleanup_between_stages("Filtering", output, kBasic).value();
  EXPECT_LT(basic.freed_mb, 10);
  const auto aggressive = cleaner.cleanup_between_stages("Filtering", output, kAggressive).value();
  EXPECT_GT(aggressive.freed_mb, 40);
  EXPECT_EQ(budget.used(), Bytes{0});
}

TEST(Cleanup, FreedHeapLeavesTheProcess) {
#ifdef M3U_PROXY_SANITIZED
  GTEST_SKIP() << "sanitizers keep freed blocks";
#endif
  std::vector<std::unique_ptr<std::string>> blocks;
  blocks.reserve(20'000);
  for (int i = 0; i < 20'000; ++i) blocks.push_back(std::make_unique<std::string>(4'000, 'x'));
  // Every block but one in fifty goes: the heap's top stays in use, so only trimming returns it.
  for (std::size_t i = 0; i < blocks.size(); ++i)
    if (i % 50 != 49) blocks[i].reset();
  CleanableParts output(blocks);
  MemoryCleanupCoordinator cleaner;
  const auto stats = cleaner.cleanup_between_stages("Filtering", output, kAggressive).value();
  EXPECT_GT(stats.freed_mb, 50);
}

}  // namespace
}  // namespace m3u_proxy::memory
