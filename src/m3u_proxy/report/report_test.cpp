#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <m3u_proxy/report/report.hpp>

namespace m3u_proxy::report {
namespace {

using ::testing::ElementsAre;
using Json = nlohmann::ordered_json;

generation::StageStats stage(const char* name, double ms, double percent, double peak) {
  return {.name = name,
          .execution_time_ms = ms,
          .total_time_pc = percent,
          .strategy = "standard",
          .peak_memory_mb = peak,
          .items_in = 39161,
          .items_out = 39161};
}

/// The figures of the documented example.
generation::GenerationStats example_stats() {
  generation::GenerationStats stats;
  stats.proxy = "home";
  stats.duration_ms = 7593;
  stats.channels = 39161;
  stats.sources = 1;
  stats.filters = 2;
  stats.channels_per_second = 5127.8;
  stats.peak_memory_usage_mb = 219.7;
  stats.stages = {stage("Source Loading", 1097, 14.4, 140), stage("Data Mapping", 3922, 51.7, 203),
                  stage("Filtering", 2511, 33.1, 207), stage("Channel Numbering", 6, 0.1, 207),
                  stage("M3U Generation", 57, 0.8, 219)};
  stats.playlist_path = "out/home.m3u";
  return stats;
}

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> out;
  for (const auto& [key, value] : object.items()) out.push_back(key);
  return out;
}

TEST(GenerationTree, HasALineForEachStageBelowTheTotals) {
  EXPECT_EQ(generation_tree(example_stats()),
            "Generation completed in 7593ms: 39161 channels (1 sources, 2 filters) | 5127.8 ch/s | "
            "Peak: 219.7MB\n"
            "├─ Source Loading: execution_time=1097ms total_time_pc=14.4 strategy=standard "
            "peak_memory=140MB\n"
            "├─ Data Mapping: execution_time=3922ms total_time_pc=51.7 strategy=standard "
            "peak_memory=203MB\n"
            "├─ Filtering: execution_time=2511ms total_time_pc=33.1 strategy=standard "
            "peak_memory=207MB\n"
            "├─ Channel Numbering: execution_time=6ms total_time_pc=0.1 strategy=standard "
            "peak_memory=207MB\n"
            "└─ M3U Generation: execution_time=57ms total_time_pc=0.8 strategy=standard "
            "peak_memory=219MB");
}

TEST(GenerationTree, IsOneLineWithoutStages) {
  generation::GenerationStats stats = example_stats();
  stats.stages.clear();
  EXPECT_EQ(generation_tree(stats).find('\n'), std::string::npos);
}

TEST(SummaryLine, NamesChannelsProblemsAndThePlaylist) {
  EXPECT_EQ(summary_line(example_stats()), "home: 39161 channels, 0 problems → out/home.m3u");
}

TEST(SummaryLine, AddsChangesAndTheGuide) {
  generation::GenerationStats stats = example_stats();
  stats.channels = 1;
  stats.programmes = 2500;
  stats.has_previous = true;
  stats.added = 12;
  stats.removed = 3;
  stats.guide_written = true;
  stats.guide.matched = 1;
  stats.guide.of = 1;
  stats.problems.count("extinf_without_url");
  stats.guide_path = "out/home.xmltv";
  EXPECT_EQ(summary_line(stats),
            "home: 1 channel, 2500 programmes, +12 −3, guide for 1 of 1, 1 problem → "
            "out/home.m3u, out/home.xmltv");
}

TEST(SummaryLine, NamesTheOldGuideThatStays) {
  generation::GenerationStats stats = example_stats();
  stats.guide_path = "out/home.xmltv";
  EXPECT_EQ(summary_line(stats), "home: 39161 channels, 0 problems → out/home.m3u, out/home.xmltv");
}

TEST(Report, HasTheDocumentedKeys) {
  const Json json = Json::parse(to_json(example_stats()));
  EXPECT_THAT(keys(json),
              ElementsAre("proxy", "duration_ms", "fsync_ms", "channels", "programmes", "sources",
                          "filters", "channels_per_second", "peak_memory_usage_mb",
                          "memory_efficiency", "memory_cleanup_operations", "memory_freed_mb",
                          "items_cleaned", "cleanup_ms", "stage_memory_usage", "stages",
                          "pressure_events", "budget", "memory_cleanup_failures", "cleanup_history",
                          "pools", "fixed_memory_mb", "prediction", "limit_changes", "alerts",
                          "spill", "rules", "filters_detail", "sources_detail", "guide", "problems",
                          "warnings", "plugins", "edited", "hidden", "has_previous", "added",
                          "removed", "guide_written", "playlist_path", "guide_path", "degraded"));
  EXPECT_THAT(keys(json["stages"][0]),
              ElementsAre("name", "execution_time_ms", "total_time_pc", "strategy",
                          "peak_memory_mb", "items_in", "items_out"));
  EXPECT_THAT(keys(json["budget"]),
              ElementsAre("limit_mb", "peak_reserved_mb", "unaccounted_peak_mb", "by_tag"));
  EXPECT_THAT(keys(json["spill"]), ElementsAre("bytes", "files"));
  EXPECT_THAT(keys(json["guide"]), ElementsAre("matched", "of", "more_with_casefold",
                                               "more_with_name", "unmatched_sample"));
  EXPECT_THAT(keys(json["problems"]), ElementsAre("total", "by_reason", "samples"));
}

TEST(Report, ShowsHowMemoryWasHandled) {
  generation::GenerationStats stats = example_stats();
  stats.memory = {
      .fixed_mb = 11.5,
      .cleanup_failures = 2,
      .cleanup_history = {{.stage = "Filtering",
                           .cause = memory::CleanupCause::kForced,
                           .strategy = memory::CleanupStrategy::kAggressive,
                           .before_mb = 207,
                           .after_mb = 180,
                           .freed_mb = 27,
                           .items_cleaned = 39161,
                           .duration = std::chrono::microseconds(2500)}},
      .pools = {.requests = 4, .hits = 3, .kept = mib(8)},
      .prediction = memory::Prediction{.channels = 39000,
                                       .peak_mb = 220,
                                       .stages = {{.stage = "Filtering", .peak_mb = 208}},
                                       .runs = 3},
      .limit_changes = {{.from_mb = 512, .to_mb = 448, .why = "less"}},
      .alerts = {{.kind = memory::AlertKind::kEfficiency,
                  .value = 9.5,
                  .threshold = 10,
                  .message = "few"}}};
  const Json json = Json::parse(to_json(stats));
  EXPECT_EQ(json["memory_cleanup_failures"], 2);
  EXPECT_EQ(json["cleanup_history"][0].dump(),
            R"({"stage":"Filtering","cause":"forced","strategy":"aggressive","before_mb":207.0,)"
            R"("after_mb":180.0,"freed_mb":27.0,"items_cleaned":39161,"duration_ms":2.5})");
  EXPECT_EQ(json["pools"].dump(), R"({"requests":4,"hits":3,"hit_rate":0.75,"kept_mb":8.0})");
  EXPECT_EQ(json["prediction"].dump(),
            R"({"runs":3,"channels":39000,"peak_memory_mb":220.0,"actual_channels":39161,)"
            R"("actual_peak_memory_mb":219.7,"stages":{"Filtering":208.0}})");
  EXPECT_EQ(json["limit_changes"].dump(), R"([{"from_mb":512.0,"to_mb":448.0,"why":"less"}])");
  EXPECT_EQ(json["alerts"].dump(),
            R"([{"kind":"efficiency","value":9.5,"threshold":10.0,"message":"few"}])");
}

TEST(Report, HasNoPredictionWhereNoneWasMade) {
  EXPECT_TRUE(Json::parse(to_json(example_stats()))["prediction"].is_null());
}

TEST(Report, CarriesTheFigures) {
  generation::GenerationStats stats = example_stats();
  stats.fsync_ms = 1.25;
  stats.memory_efficiency = 178.2475;
  stats.stage_memory_usage["Filtering"] = 217055232;
  stats.pressure_events = {
      {.stage = "Filtering", .from = "Optimal", .to = "Moderate", .rss_mb = 51.5}};
  stats.budget = {.limit_mb = 64, .peak_reserved_mb = 40, .unaccounted_peak_mb = 1, .by_tag = {}};
  stats.budget.by_tag["batch"] = 12.5;
  stats.spill = {.bytes = 7, .files = 1};
  stats.rules = {
      {.name = "r", .applies_to = "channels", .evaluated = 5, .matched = 4, .changed = 3}};
  stats.sources_detail = {{.name = "tv",
                           .kind = "playlist",
                           .items = 9,
                           .bytes = 100,
                           .age_s = 60,
                           .from_cache = true,
                           .partial = true,
                           .error = "gone",
                           .guide_urls = {"http://example.org/g.xml"}}};
  const Json json = Json::parse(to_json(stats));
  EXPECT_EQ(json["channels"], 39161);
  EXPECT_EQ(json["fsync_ms"], 1.25);
  EXPECT_EQ(json["memory_efficiency"], 178.248);
  EXPECT_EQ(json["stage_memory_usage"]["Filtering"], 217055232);
  EXPECT_EQ(json["pressure_events"][0]["to"], "Moderate");
  EXPECT_EQ(json["budget"]["by_tag"]["batch"], 12.5);
  EXPECT_EQ(json["spill"]["bytes"], 7);
  EXPECT_EQ(json["rules"][0]["changed"], 3);
  EXPECT_EQ(json["sources_detail"][0]["age_s"], 60);
  EXPECT_EQ(json["sources_detail"][0]["error"], "gone");
  EXPECT_EQ(json["sources_detail"][0]["guide_urls"][0], "http://example.org/g.xml");
}

TEST(Report, CountsProblemsByReasonAndShowsSamples) {
  generation::GenerationStats stats;
  stats.problems.add("extinf_without_url", 12, 0, "#EXTINF:-1,One");
  stats.problems.count("duplicate", 3);
  const Json json = Json::parse(to_json(stats));
  EXPECT_EQ(json["problems"]["total"], 4);
  EXPECT_EQ(json["problems"]["by_reason"]["duplicate"], 3);
  EXPECT_EQ(json["problems"]["samples"][0]["line"], 12);
  EXPECT_EQ(json["problems"]["samples"][0]["detail"], "#EXTINF:-1,One");
}

TEST(Report, IsJsonWhateverBytesASourceHad) {
  generation::GenerationStats stats;
  stats.sources_detail.resize(1);
  stats.sources_detail[0].error = "bad \xFF\x01 byte";
  EXPECT_FALSE(Json::parse(to_json(stats), nullptr, false).is_discarded());
}

}  // namespace
}  // namespace m3u_proxy::report
