#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/jobs/clock_changes.hpp>
#include <m3u_proxy/jobs/jobs_testing.hpp>

namespace m3u_proxy::jobs::testing {
namespace {

class ClockChangesTest : public JobsTest {
 protected:
  void SetUp() override {
    JobsTest::SetUp();
    using enum store::EntityKind;
    add(kSource, "tv", R"({"path":"/tv.m3u"})");
    add(kEpgSource, "guide", R"({"path":"/guide.xml"})");
    add(kFilter, "shown",
        R"({"expression":"start > \"@time:now() - 3600\"",)"
        R"("applies_to":"programmes","action":"include"})");
    add(kFilter, "news", R"({"expression":"group_title == \"News\"","action":"include"})");
    add(kRule, "stamp", R"({"expression":"SET attr:made = \"@time:now()\""})");
  }
  /// When a proxy with these keys changes next, at 12:00:00 and a moment; "" for never.
  std::string next(const std::string& keys, const std::string& zone = "") {
    const auto made = add(store::EntityKind::kProxy, "p", "{\"sources\":[\"tv\"]," + keys + "}");
    config::Configuration base;
    base.service.time_zone = zone;
    const auto model = must(load_model(*store_, base));
    const auto moment =
        next_change_by_clock(*model, *model->find_proxy("p"), now() + std::chrono::milliseconds(1));
    must(store_->entities().erase(made.id, made.revision));
    return moment ? format_rfc3339(store::seconds_of(*moment)) : "";
  }
};

TEST_F(ClockChangesTest, AGuideWithAWindowOfDaysIsAnotherOneAtMidnight) {
  constexpr const char* kMidnight = "2026-11-29T00:00:00Z";
  EXPECT_EQ(next(R"("epg_sources":["guide"],"window":"days")"), kMidnight);
  EXPECT_EQ(next(R"("epg_sources":["guide"],"days_ahead":2)"), kMidnight);
  EXPECT_EQ(next(R"("epg_sources":["guide"],"window":"days")", "Europe/Berlin"),
            "2026-11-28T23:00:00Z");
}

TEST_F(ClockChangesTest, AShortWindowMovesEveryHour) {
  EXPECT_EQ(next(R"("epg_sources":["guide"],"days_ahead":1)"), "2026-11-28T13:00:00Z");
  EXPECT_EQ(next(R"("epg_sources":["guide"],"days_ahead":0)"), "2026-11-28T13:00:00Z");
}

TEST_F(ClockChangesTest, WhatAsksForNowIsAnotherOneEveryHour) {
  EXPECT_EQ(next(R"("epg_sources":["guide"],"filters":["shown"])"), "2026-11-28T13:00:00Z");
  EXPECT_EQ(next(R"("rules":["stamp"])"), "2026-11-28T13:00:00Z");
  EXPECT_EQ(next(R"("rules":["stamp"])", "Asia/Kolkata"), "2026-11-28T12:30:00Z");
}

TEST_F(ClockChangesTest, GuidesThatAPlaylistNamesAreFetchedTwiceADay) {
  EXPECT_EQ(next(R"("use_playlist_guides":true)"), "2026-11-29T00:00:00Z");
  EXPECT_EQ(next(R"("use_playlist_guides":true)", "Europe/Berlin"), "2026-11-28T23:00:00Z");
  EXPECT_EQ(next(R"("use_playlist_guides":true,"days_ahead":1)"), "2026-11-28T13:00:00Z");
}

TEST_F(ClockChangesTest, AllElseDoesNotDependOnTheClock) {
  EXPECT_EQ(next(R"("filters":["news"])"), "");
  EXPECT_EQ(next(R"("epg_sources":["guide"])"), "");
  EXPECT_EQ(next(R"("window":"days")"), "");  // of a guide that is not there
  EXPECT_EQ(next(R"("epg_sources":["guide"],"days_ahead":1,"window":"none")"), "");
}

}  // namespace
}  // namespace m3u_proxy::jobs::testing
