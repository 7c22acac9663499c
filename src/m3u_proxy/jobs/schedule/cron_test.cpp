#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/jobs/schedule/cron.hpp>

namespace m3u_proxy::jobs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> runs(std::string_view expression, std::string_view after,
                              std::size_t count, std::string_view zone = "UTC") {
  const auto found = TimeZone::find(zone);
  EXPECT_TRUE(found) << zone;
  const auto cron = Cron::parse(expression, *found);
  EXPECT_TRUE(cron) << expression << ": " << cron.error().message;
  std::vector<std::string> texts;
  for (auto moment = cron->next(*parse_instant(after)); moment && texts.size() < count;
       moment = cron->next(*moment))
    texts.push_back(format_rfc3339(*moment));
  return texts;
}

std::string error_of(std::string_view expression) {
  const auto cron = Cron::parse(expression);
  return cron ? "no error" : cron.error().message;
}

TEST(Cron, FiveFieldsAreDueAtTheFullMinute) {
  EXPECT_THAT(runs("30 4 * * *", "2026-11-28T04:30:00Z", 2),
              ElementsAre("2026-11-29T04:30:00Z", "2026-11-30T04:30:00Z"));
  EXPECT_THAT(runs("30 4 * * *", "2026-11-28T04:29:59Z", 1), ElementsAre("2026-11-28T04:30:00Z"));
}

TEST(Cron, SixFieldsBeginWithSeconds) {
  EXPECT_THAT(runs("*/20 * * * * *", "2026-01-01T00:00:00Z", 3),
              ElementsAre("2026-01-01T00:00:20Z", "2026-01-01T00:00:40Z", "2026-01-01T00:01:00Z"));
}

TEST(Cron, EverySixHoursIsNotDailyAtSix) {
  EXPECT_THAT(runs("0 */6 * * *", "2026-01-01T00:00:00Z", 4),
              ElementsAre("2026-01-01T06:00:00Z", "2026-01-01T12:00:00Z", "2026-01-01T18:00:00Z",
                          "2026-01-02T00:00:00Z"));
}

TEST(Cron, ReadsListsRangesStepsAndNames) {
  EXPECT_THAT(runs("0 9-17/4,23 * JAN,mar Mon-Fri", "2026-02-27T00:00:00Z", 4),
              ElementsAre("2026-03-02T09:00:00Z", "2026-03-02T13:00:00Z", "2026-03-02T17:00:00Z",
                          "2026-03-02T23:00:00Z"));
  EXPECT_THAT(runs("5/25 0 1 1 ?", "2026-01-01T00:00:00Z", 2),
              ElementsAre("2026-01-01T00:05:00Z", "2026-01-01T00:30:00Z"));
}

TEST(Cron, SundayIsZeroAndSeven) {
  EXPECT_THAT(runs("0 0 * * 0", "2026-11-28T00:00:00Z", 1), ElementsAre("2026-11-29T00:00:00Z"));
  EXPECT_THAT(runs("0 0 * * 7", "2026-11-28T00:00:00Z", 1), ElementsAre("2026-11-29T00:00:00Z"));
  EXPECT_THAT(runs("0 0 * * 5-7", "2026-11-28T12:00:00Z", 2),
              ElementsAre("2026-11-29T00:00:00Z", "2026-12-04T00:00:00Z"));
}

TEST(Cron, OneOfBothDayFieldsIsEnoughWhenBothAreGiven) {
  EXPECT_THAT(runs("0 0 13 * FRI", "2026-03-01T00:00:00Z", 3),
              ElementsAre("2026-03-06T00:00:00Z", "2026-03-13T00:00:00Z", "2026-03-20T00:00:00Z"));
  EXPECT_THAT(runs("0 0 13 * *", "2026-03-01T00:00:00Z", 1), ElementsAre("2026-03-13T00:00:00Z"));
  EXPECT_THAT(runs("0 0 */2 * MON", "2026-03-01T00:00:00Z", 2),
              ElementsAre("2026-03-09T00:00:00Z", "2026-03-23T00:00:00Z"));
}

TEST(Cron, LeapDaysComeEveryFourYears) {
  EXPECT_THAT(runs("0 0 29 2 *", "2026-01-01T00:00:00Z", 2),
              ElementsAre("2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"));
  EXPECT_THAT(runs("0 0 29 2 *", "2096-03-01T00:00:00Z", 1), ElementsAre("2104-02-29T00:00:00Z"));
}

TEST(Cron, ShortNames) {
  EXPECT_THAT(runs("@weekly", "2026-11-28T00:00:00Z", 1), ElementsAre("2026-11-29T00:00:00Z"));
  EXPECT_THAT(runs("@Yearly", "2026-11-28T00:00:00Z", 1), ElementsAre("2027-01-01T00:00:00Z"));
}

TEST(Cron, AMomentThatDoesNotExistIsDueAtTheJumpOnce) {
  // Berlin goes from 02:00 to 03:00 on 2026-03-29, which is 01:00 UTC.
  EXPECT_THAT(runs("30 2 * * *", "2026-03-28T12:00:00Z", 2, "Europe/Berlin"),
              ElementsAre("2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"));
  EXPECT_THAT(runs("0,15,30,45 2 * * *", "2026-03-28T12:00:00Z", 2, "Europe/Berlin"),
              ElementsAre("2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"));
}

TEST(Cron, AMomentThatExistsTwiceIsDueInItsFirstHour) {
  // Berlin has 02:00 to 03:00 twice on 2026-10-25: from 00:00 and from 01:00 UTC.
  EXPECT_THAT(runs("30 2 * * *", "2026-10-24T12:00:00Z", 2, "Europe/Berlin"),
              ElementsAre("2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"));
  EXPECT_THAT(runs("30 2 * * *", "2026-10-25T01:10:00Z", 1, "Europe/Berlin"),
              ElementsAre("2026-10-26T01:30:00Z"));
}

TEST(Cron, AZoneThatChangesAtMidnight) {
  // Santiago goes from 24:00 to 01:00 on 2026-09-05 (04:00 UTC of the 6th).
  EXPECT_THAT(runs("0 0 * * *", "2026-09-05T12:00:00Z", 2, "America/Santiago"),
              ElementsAre("2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"));
}

TEST(Cron, MistakesAreNamed) {
  EXPECT_THAT(error_of(""), HasSubstr("5 fields"));
  EXPECT_THAT(error_of("* * * *"), HasSubstr("this has 4"));
  EXPECT_THAT(error_of("60 * * * *"), HasSubstr("60 is no minute: from 0 to 59"));
  EXPECT_THAT(error_of("* 24 * * *"), HasSubstr("24 is no hour"));
  EXPECT_THAT(error_of("* * 0 * *"), HasSubstr("0 is no day of the month"));
  EXPECT_THAT(error_of("* * * FOO *"), HasSubstr("\"FOO\" is no month"));
  EXPECT_THAT(error_of("*/0 * * * *"), HasSubstr("0 is no step"));
  EXPECT_THAT(error_of("5-1 * * * *"), HasSubstr("ends before it begins"));
  EXPECT_THAT(error_of("1-2-3 * * * *"), HasSubstr("two ends"));
  EXPECT_THAT(error_of("1,,2 * * * *"), HasSubstr("\"\" is no minute"));
  EXPECT_THAT(error_of("0 0 30 2 *"), HasSubstr("never comes"));
  EXPECT_THAT(error_of(std::string(300, '*')), HasSubstr("256 characters"));
}

TEST(Cron, AMistakeHasItsColumn) {
  const auto cron = Cron::parse("0 4 * 1,13 *");
  ASSERT_FALSE(cron);
  EXPECT_EQ(cron.error().where.column, 9U);
}

TEST(TimeZone, AnUnknownNameIsAnErrorWithARemedy) {
  const auto zone = TimeZone::find("Europe/Berln");
  ASSERT_FALSE(zone);
  EXPECT_THAT(zone.error().message, HasSubstr("Europe/Berln"));
  EXPECT_THAT(zone.error().hint, HasSubstr("tzdata"));
}

TEST(TimeZone, UtcAndNothingAreTheSame) {
  EXPECT_EQ(TimeZone::find("")->name(), "UTC");
  EXPECT_EQ(TimeZone::find("utc")->name(), "UTC");
}

}  // namespace
}  // namespace m3u_proxy::jobs
