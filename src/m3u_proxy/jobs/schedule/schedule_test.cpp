#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/jobs/schedule/schedule.hpp>

namespace m3u_proxy::jobs {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kNoon = 1'795'867'200;  // 2026-11-28T12:00:00Z

Schedule schedule(std::string_view text) {
  auto parsed = Schedule::parse(text);
  EXPECT_TRUE(parsed) << text << ": " << parsed.error().message;
  return *std::move(parsed);
}

TEST(Schedule, AnIntervalCountsFromTheLastTime) {
  EXPECT_EQ(schedule("6h").due("tv", kNoon, kNoon + 10), kNoon + 21'600);
  EXPECT_EQ(schedule("1h30m").due("tv", kNoon, kNoon + 10), kNoon + 5'400);
  EXPECT_EQ(schedule("2d").due("tv", kNoon, kNoon + 10), kNoon + 172'800);
}

TEST(Schedule, WhatWasNeverDoneIsDueAtOnce) {
  EXPECT_EQ(schedule("6h").due("tv", std::nullopt, kNoon), kNoon);
  EXPECT_EQ(schedule("0 4 * * *").due("tv", std::nullopt, kNoon), kNoon);
}

TEST(Schedule, AMissedRunIsDueInThePast) {
  const auto due = schedule("0 4 * * *").due("tv", kNoon - 86'400, kNoon);
  EXPECT_EQ(due, *parse_instant("2026-11-28T04:00:00Z"));
}

TEST(Schedule, CronCountsFromTheLastTime) {
  EXPECT_EQ(schedule("0 4 * * *").due("tv", kNoon, kNoon), *parse_instant("2026-11-29T04:00:00Z"));
}

TEST(Schedule, ManualIsNeverDue) {
  EXPECT_EQ(schedule("manual").due("tv", kNoon, kNoon), std::nullopt);
  EXPECT_EQ(schedule("").due("tv", std::nullopt, kNoon), std::nullopt);
}

TEST(Schedule, JitterDelaysEachKeyByItsOwnBoundedTime) {
  Schedule jittered = schedule("6h");
  jittered.set_jitter(std::chrono::seconds(300));
  bool differs = false;
  const std::int64_t first = *jittered.due("a", kNoon, kNoon);
  for (const std::string_view key : {"a", "b", "c", "d", "e"}) {
    const std::int64_t due = *jittered.due(key, kNoon, kNoon);
    EXPECT_GE(due, kNoon + 21'600);
    EXPECT_LE(due, kNoon + 21'900);
    EXPECT_EQ(due, *jittered.due(key, kNoon, kNoon + 1));
    differs = differs || due != first;
  }
  EXPECT_TRUE(differs);
}

TEST(Schedule, AProviderIsAskedOnceAMinuteAtMost) {
  for (const char* often : {"* * * * * *", "*/30 * * * * *", "0,59 * * * * *", "5-6 0 4 * * *"}) {
    const auto parsed = Schedule::parse(often);
    ASSERT_FALSE(parsed) << often;
    EXPECT_EQ(parsed.error().code, ErrorCode::kConfig);
    EXPECT_THAT(parsed.error().message, HasSubstr("several times in a minute")) << often;
    EXPECT_THAT(parsed.error().hint, HasSubstr("0 */5 * * * *")) << often;
  }
  for (const char* once : {"* * * * *", "0 * * * * *", "30 */2 * * * *", "59 30 4 * * *", "60s"})
    EXPECT_TRUE(Schedule::parse(once)) << once;
}

TEST(Schedule, OnlyManualIsManual) {
  for (const char* manual : {"manual", "Manual", " MANUAL ", ""})
    EXPECT_TRUE(schedule(manual).is_manual()) << manual;
  for (const char* not_so : {"6h", "30 4 * * *"}) EXPECT_FALSE(schedule(not_so).is_manual());
}

TEST(Schedule, MistakesAreNamed) {
  EXPECT_THAT(Schedule::parse("10s").error().message, HasSubstr("at least one minute"));
  EXPECT_THAT(Schedule::parse("6").error().message, HasSubstr("5 fields"));
  EXPECT_THAT(Schedule::parse("6 hours").error().message, HasSubstr("5 fields"));
  EXPECT_THAT(Schedule::parse("99999999999999999999d").error().message, HasSubstr("5 fields"));
}

}  // namespace
}  // namespace m3u_proxy::jobs
