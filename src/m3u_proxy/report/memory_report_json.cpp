#include <cmath>

#include <m3u_proxy/report/memory_report_json.hpp>

namespace m3u_proxy::report {
namespace {

using Json = nlohmann::ordered_json;

double rounded(double value) { return std::round(value * 1000) / 1000; }

Json cleanup_history(const generation::MemoryReport& memory) {
  Json out = Json::array();
  for (const memory::CleanupStats& cleanup : memory.cleanup_history)
    out.push_back({{"stage", cleanup.stage},
                   {"cause", memory::to_string(cleanup.cause)},
                   {"strategy", memory::to_string(cleanup.strategy)},
                   {"before_mb", rounded(cleanup.before_mb)},
                   {"after_mb", rounded(cleanup.after_mb)},
                   {"freed_mb", rounded(cleanup.freed_mb)},
                   {"items_cleaned", cleanup.items_cleaned},
                   {"duration_ms",
                    rounded(std::chrono::duration<double, std::milli>(cleanup.duration).count())}});
  return out;
}

/// What was expected beside what was.
Json prediction(const memory::Prediction& expected, const generation::GenerationStats& stats) {
  Json stages = Json::object();
  for (const memory::StagePeak& stage : expected.stages)
    stages[stage.stage] = rounded(stage.peak_mb);
  return {{"runs", expected.runs},
          {"channels", expected.channels},
          {"peak_memory_mb", rounded(expected.peak_mb)},
          {"actual_channels", stats.channels},
          {"actual_peak_memory_mb", rounded(stats.peak_memory_usage_mb)},
          {"stages", std::move(stages)}};
}

Json limit_changes(const generation::MemoryReport& memory) {
  Json out = Json::array();
  for (const memory::LimitChange& change : memory.limit_changes)
    out.push_back({{"from_mb", rounded(change.from_mb)},
                   {"to_mb", rounded(change.to_mb)},
                   {"why", change.why}});
  return out;
}

Json alerts(const generation::MemoryReport& memory) {
  Json out = Json::array();
  for (const memory::MemoryAlert& alert : memory.alerts)
    out.push_back({{"kind", memory::to_string(alert.kind)},
                   {"value", rounded(alert.value)},
                   {"threshold", rounded(alert.threshold)},
                   {"message", alert.message}});
  return out;
}

}  // namespace

void add_memory_report(Json& report, const generation::GenerationStats& stats) {
  const generation::MemoryReport& memory = stats.memory;
  report["memory_cleanup_failures"] = memory.cleanup_failures;
  report["cleanup_history"] = cleanup_history(memory);
  report["pools"] = {{"requests", memory.pools.requests},
                     {"hits", memory.pools.hits},
                     {"hit_rate", rounded(memory.pools.hit_rate())},
                     {"kept_mb", rounded(memory.pools.kept.mb())}};
  report["fixed_memory_mb"] = rounded(memory.fixed_mb);
  report["prediction"] = memory.prediction ? prediction(*memory.prediction, stats) : Json(nullptr);
  report["limit_changes"] = limit_changes(memory);
  report["alerts"] = alerts(memory);
}

}  // namespace m3u_proxy::report
