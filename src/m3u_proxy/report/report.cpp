#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/report/memory_report_json.hpp>
#include <m3u_proxy/report/report.hpp>

namespace m3u_proxy::report {
namespace {

using Json = nlohmann::ordered_json;

/// Figures for people: a thousandth is more than any of them is worth.
double rounded(double value) { return std::round(value * 1000) / 1000; }

Json stages(const generation::GenerationStats& stats) {
  Json out = Json::array();
  for (const generation::StageStats& stage : stats.stages)
    out.push_back({{"name", stage.name},
                   {"execution_time_ms", rounded(stage.execution_time_ms)},
                   {"total_time_pc", rounded(stage.total_time_pc)},
                   {"strategy", stage.strategy},
                   {"peak_memory_mb", rounded(stage.peak_memory_mb)},
                   {"items_in", stage.items_in},
                   {"items_out", stage.items_out}});
  return out;
}

Json pressure_events(const generation::GenerationStats& stats) {
  Json out = Json::array();
  for (const pipeline::PressureEvent& event : stats.pressure_events)
    out.push_back({{"stage", event.stage},
                   {"from", event.from},
                   {"to", event.to},
                   {"rss_mb", rounded(event.rss_mb)}});
  return out;
}

Json budget(const generation::BudgetStats& stats) {
  Json tags = Json::object();
  for (const auto& [tag, mb] : stats.by_tag) tags[tag] = rounded(mb);
  return {{"limit_mb", rounded(stats.limit_mb)},
          {"peak_reserved_mb", rounded(stats.peak_reserved_mb)},
          {"unaccounted_peak_mb", rounded(stats.unaccounted_peak_mb)},
          {"by_tag", std::move(tags)}};
}

Json expressions(const std::vector<generation::ExpressionStats>& all) {
  Json out = Json::array();
  for (const generation::ExpressionStats& one : all)
    out.push_back({{"name", one.name},
                   {"applies_to", one.applies_to},
                   {"evaluated", one.evaluated},
                   {"matched", one.matched},
                   {"changed", one.changed}});
  return out;
}

Json account(const channels::AccountStats& stats) {
  return {{"status", stats.status},
          {"expires", stats.expires ? Json(format_rfc3339(*stats.expires)) : Json()},
          {"active_connections", stats.active_connections},
          {"max_connections", stats.max_connections}};
}

Json sources(const generation::GenerationStats& stats) {
  Json out = Json::array();
  for (const channels::SourceStats& source : stats.sources_detail) {
    Json one = {
        {"name", source.name},       {"kind", source.kind},   {"items", source.items},
        {"bytes", source.bytes},     {"age_s", source.age_s}, {"from_cache", source.from_cache},
        {"partial", source.partial}, {"error", source.error}, {"guide_urls", source.guide_urls}};
    if (source.account) one["account"] = account(*source.account);
    out.push_back(std::move(one));
  }
  return out;
}

Json guide(const generation::GuideStats& stats) {
  return {{"matched", stats.matched},
          {"of", stats.of},
          {"more_with_casefold", stats.more_with_casefold},
          {"more_with_name", stats.more_with_name},
          {"unmatched_sample", stats.unmatched_sample}};
}

Json plugins(const std::vector<generation::PluginStats>& all) {
  Json out = Json::array();
  for (const generation::PluginStats& plugin : all)
    out.push_back({{"name", plugin.name},
                   {"version", plugin.version},
                   {"stage", plugin.stage},
                   {"decision", plugin.decision},
                   {"instances", plugin.instances},
                   {"chunks", plugin.chunks},
                   {"items_in", plugin.items_in},
                   {"items_out", plugin.items_out},
                   {"failures", plugin.failures},
                   {"replaced", plugin.replaced},
                   {"last_failure", plugin.last_failure},
                   {"execution_time_ms", rounded(plugin.execution_time_ms)},
                   {"peak_memory_mb", rounded(plugin.peak_memory_mb)},
                   {"pressure_answers", plugin.pressure_answers},
                   {"metrics", plugin.metrics}});
  return out;
}

Json problems(const ProblemLog& log) {
  Json by_reason = Json::object();
  for (const auto& [reason, count] : log.by_reason()) by_reason[std::string(reason)] = count;
  Json samples = Json::array();
  for (const ProblemSample& sample : log.samples())
    samples.push_back({{"reason", sample.reason},
                       {"source", sample.source},
                       {"line", sample.line},
                       {"byte", sample.byte},
                       {"detail", sample.detail}});
  return {
      {"total", log.total()}, {"by_reason", std::move(by_reason)}, {"samples", std::move(samples)}};
}

Json to_document(const generation::GenerationStats& stats) {
  Json out;
  out["proxy"] = stats.proxy;
  out["duration_ms"] = rounded(stats.duration_ms);
  out["fsync_ms"] = rounded(stats.fsync_ms);
  out["channels"] = stats.channels;
  out["programmes"] = stats.programmes;
  out["sources"] = stats.sources;
  out["filters"] = stats.filters;
  out["channels_per_second"] = rounded(stats.channels_per_second);
  out["peak_memory_usage_mb"] = rounded(stats.peak_memory_usage_mb);
  out["memory_efficiency"] = rounded(stats.memory_efficiency);
  out["memory_cleanup_operations"] = stats.memory_cleanup_operations;
  out["memory_freed_mb"] = rounded(stats.memory_freed_mb);
  out["items_cleaned"] = stats.items_cleaned;
  out["cleanup_ms"] = rounded(stats.cleanup_ms);
  out["stage_memory_usage"] = stats.stage_memory_usage;
  out["stages"] = stages(stats);
  out["pressure_events"] = pressure_events(stats);
  out["budget"] = budget(stats.budget);
  add_memory_report(out, stats);
  out["spill"] = {{"bytes", stats.spill.bytes}, {"files", stats.spill.files}};
  out["rules"] = expressions(stats.rules);
  out["filters_detail"] = expressions(stats.filters_detail);
  out["sources_detail"] = sources(stats);
  out["guide"] = guide(stats.guide);
  out["problems"] = problems(stats.problems);
  out["warnings"] = stats.warnings;
  out["plugins"] = plugins(stats.plugins);
  out["edited"] = stats.edited;
  out["hidden"] = stats.hidden;
  out["has_previous"] = stats.has_previous;
  out["added"] = stats.added;
  out["removed"] = stats.removed;
  out["guide_written"] = stats.guide_written;
  out["playlist_path"] = stats.playlist_path;
  out["guide_path"] = stats.guide_path;
  out["degraded"] = stats.degraded;
  return out;
}

/// "1 channel", "2 channels"
std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

std::string to_json(const generation::GenerationStats& stats) {
  // A source's bytes may be anything; a report is UTF-8 whatever they were.
  return to_document(stats).dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string generation_tree(const generation::GenerationStats& stats) {
  std::string out = fmt::format(
      "Generation completed in {:.0f}ms: {} channels ({} sources, {} filters) | {:.1f} ch/s | "
      "Peak: {:.1f}MB",
      stats.duration_ms, stats.channels, stats.sources, stats.filters, stats.channels_per_second,
      stats.peak_memory_usage_mb);
  for (const generation::StageStats& stage : stats.stages)
    out += fmt::format(
        "\n{} {}: execution_time={:.0f}ms total_time_pc={:.1f} strategy={} peak_memory={:.0f}MB",
        &stage == &stats.stages.back() ? "└─" : "├─", stage.name, stage.execution_time_ms,
        stage.total_time_pc, stage.strategy, stage.peak_memory_mb);
  return out;
}

std::string summary_line(const generation::GenerationStats& stats) {
  std::string out = fmt::format("{}: {}", stats.proxy, counted(stats.channels, "channel"));
  if (stats.guide_written) out += fmt::format(", {}", counted(stats.programmes, "programme"));
  if (stats.has_previous) out += fmt::format(", +{} −{}", stats.added, stats.removed);
  if (stats.guide_written)
    out += fmt::format(", guide for {} of {}", stats.guide.matched, stats.guide.of);
  out += fmt::format(", {}", counted(stats.problems.total(), "problem"));
  out += fmt::format(" → {}", stats.playlist_path);
  if (!stats.guide_path.empty()) out += fmt::format(", {}", stats.guide_path);
  return out;
}

}  // namespace m3u_proxy::report
