#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/generation/generation_run.hpp>

namespace m3u_proxy::generation {
namespace {

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

void Generation::finish_stage(pipeline::Stage stage, std::uint64_t items_in,
                              std::uint64_t items_out, memory::MemoryCleanable& leavings,
                              std::string_view done_what) {
  const std::string_view name = to_string(stage);
  StageStats stats{.name = std::string(name), .items_in = items_in, .items_out = items_out};
  stats.execution_time_ms = milliseconds(clock_.wall(stage));
  if (stage == pipeline::Stage::kFiltering || stage == pipeline::Stage::kChannelNumbering)
    stats.strategy = memory::to_string(store_->kind());
  if (has_plugins(stage)) stats.strategy = stage_strategies_[static_cast<std::size_t>(stage)];
  if (services_.monitor != nullptr) {
    // Stages of one pass share its peak; the first observation after it is the one that saw it.
    if (const auto snapshot = services_.monitor->observe_stage(name)) {
      pass_peak_mb_ = std::max(pass_peak_mb_, snapshot->peak_mb);
      stats_.stage_memory_usage[std::string(name)] =
          static_cast<std::uint64_t>(snapshot->rss_mb * 1048576.0);
    }
  }
  stats.peak_memory_mb = pass_peak_mb_;
  std::string lower(name);
  for (char& c : lower) c = ascii_lower(c);
  log::info("pipeline", "Simple {} completed: {} {} in {:.0f}ms (Peak Memory: {:.1f}MB)", lower,
            items_out, done_what, stats.execution_time_ms, stats.peak_memory_mb);
  stats_.stages.push_back(std::move(stats));
  if (services_.watch.cleanup == nullptr || !services_.cleanup_between_stages) return;
  const auto strategy = services_.watch.cleanup_strategy.value_or(watch_.policy().cleanup);
  expect_stage_after(stage);
  const auto cleaned = services_.watch.cleanup->cleanup_between_stages(name, leavings, strategy);
  if (!cleaned) log::warn("memory.cleanup", "{}", to_string(cleaned.error()));
}

/// What earlier runs let expect of the stage that comes next, beyond what is resident now.
void Generation::expect_stage_after(pipeline::Stage stage) {
  const auto next = static_cast<std::size_t>(stage) + 1;
  if (next >= pipeline::kStageCount || stats_.stages.empty()) return;
  const auto expected =
      std::ranges::find(services_.expected_peaks, to_string(static_cast<pipeline::Stage>(next)),
                        &memory::StagePeak::stage);
  const auto now = stats_.stage_memory_usage.find(stats_.stages.back().name);
  if (expected == services_.expected_peaks.end() || now == stats_.stage_memory_usage.end()) return;
  const auto peak = static_cast<std::uint64_t>(expected->peak_mb * 1048576.0);
  if (peak > now->second) services_.watch.cleanup->expect_next_stage(Bytes{peak - now->second});
}

void Generation::add_expression_stats(const std::vector<std::string>& names,
                                      const rules::Counts& counts, std::string_view applies_to,
                                      std::vector<ExpressionStats>& into) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    ExpressionStats stats{.name = names[i], .applies_to = std::string(applies_to)};
    if (i < counts.counters.size()) {
      const rules::Counter& counter = counts.counters[i];
      stats.evaluated = counter.evaluated;
      stats.matched = counter.matched;
      stats.changed = counter.changed;
      if (counter.value_too_long != 0)
        stats_.problems.count("rule_value_too_long", counter.value_too_long);
      if (counter.kept_required != 0)
        stats_.problems.count("rule_would_clear_required", counter.kept_required);
    }
    into.push_back(std::move(stats));
  }
}

void Generation::warn(std::string warning) {
  log::warn("pipeline", "{}", warning);
  stats_.warnings.push_back(std::move(warning));
}

/// What matches nothing has a slip of the pen, or is not needed any more.
void Generation::warn_of_unmatched(const std::vector<ExpressionStats>& all, std::string_view kind) {
  for (const ExpressionStats& one : all) {
    // Nothing can be said of those that no guide was there for.
    const bool had_records = one.applies_to == "channels" || guide_was_read();
    if (one.matched == 0 && had_records)
      warn(fmt::format("{} \"{}\" matched nothing", kind, one.name));
  }
}

bool Generation::guide_was_read() const {
  return std::ranges::any_of(guide_result_.sources,
                             [](const guide::GuideSourceResult& source) { return !source.failed; });
}

void Generation::fill_stats(std::chrono::nanoseconds duration) {
  stats_.duration_ms = milliseconds(duration);
  stats_.fsync_ms = milliseconds(fsync_time_);
  for (StageStats& stage : stats_.stages)
    stage.total_time_pc =
        stats_.duration_ms > 0 ? stage.execution_time_ms / stats_.duration_ms * 100 : 0;
  stats_.sources = config_.sources.size();
  if (stats_.duration_ms > 0)
    stats_.channels_per_second = static_cast<double>(kept_) / stats_.duration_ms * 1000;

  const auto add = [&](const auto& set, const rules::Counts& counts, std::string_view applies_to,
                       std::vector<ExpressionStats>& into) {
    if (set) add_expression_stats(set->names(), counts, applies_to, into);
  };
  add(config_.channel_filters, filter_counts_, "channels", stats_.filters_detail);
  add(config_.programme_filters, guide_result_.filter_counts, "programmes", stats_.filters_detail);
  add(config_.channel_rules, rule_counts_, "channels", stats_.rules);
  add(config_.guide_channel_rules, guide_result_.channel_rule_counts, "guide_channels",
      stats_.rules);
  add(config_.programme_rules, guide_result_.rule_counts, "programmes", stats_.rules);
  stats_.filters = stats_.filters_detail.size();
  warn_of_unmatched(stats_.filters_detail, "filter");
  warn_of_unmatched(stats_.rules, "rule");

  stats_.sources_detail = reader_.stats();
  for (channels::SourceStats& source : stats_.sources_detail) {
    if (source.items == 0 && source.error.empty()) {
      source.error = "it has no channels";
      log::warn("pipeline.sources", "{}: {}", source.name, source.error);
    }
    stats_.degraded |= !source.error.empty() || source.from_cache;
    for (std::string& url : source.guide_urls) url = redact_url(url);
  }
  if (plugins_) {
    stats_.plugins = plugins_->stats();
    stats_.degraded |= plugins_->degraded();
  }
  add_guide_stats();
  ProblemLog problems = std::move(duplicates_.problems());
  problems.merge(reader_.remaining_problems(), "");
  problems.merge(stats_.problems, "");
  problems.merge(guide_result_.problems, "");
  stats_.problems = std::move(problems);
  log_problems();
  stats_.playlist_path = publisher_.place_of(OutputFile::kPlaylist);
  if (stats_.guide_written) stats_.guide_path = publisher_.place_of(OutputFile::kGuide);
  fill_memory_stats();
}

/// One line by reason, and where the first one is; the report has more.
void Generation::log_problems() const {
  if (stats_.problems.total() == 0) return;
  std::string counts;
  for (const auto& [reason, count] : stats_.problems.by_reason())
    counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", count, reason);
  std::string first;
  if (!stats_.problems.samples().empty()) {
    const ProblemSample& sample = stats_.problems.samples().front();
    const Error place{
        .message = fmt::format("{} \"{}\"", sample.reason, sample.detail),
        .where = {.source = sample.source, .line = sample.line, .column = 0, .byte = sample.byte}};
    first = "; the first: " + to_string(place);
  }
  log::info("pipeline", "Problems: {}{}", counts, first);
}

void Generation::add_guide_stats() {
  for (const guide::GuideSourceResult& source : guide_result_.sources) {
    stats_.sources_detail.push_back({.name = source.name,
                                     .kind = "guide",
                                     .items = source.items,
                                     .bytes = source.bytes,
                                     .partial = source.partial,
                                     .error = source.error});
    stats_.degraded |= source.partial || source.failed;
    if (source.failed || source.partial)
      log::warn("pipeline.guide", "{}: {}{}", source.name, source.error,
                source.failed ? "" : "; what came before it is used");
  }
  if (guide_result_.failed)
    log::warn("pipeline.guide", "{}: {}",
              guide_was_read()
                  ? "one EPG source could not be used, and the others have no programme"
                  : "no EPG source could be used",
              publisher_.has_last_guide() ? "the last guide stays" : "there is no guide");
  stats_.guide = {.matched = guide_result_.matched,
                  .of = guide_result_.of,
                  .more_with_casefold = guide_result_.more_with_casefold,
                  .more_with_name = guide_result_.more_with_name,
                  .unmatched_sample = guide_result_.unmatched_sample};
}

void Generation::fill_memory_stats() {
  if (watermark_) stats_.peak_memory_usage_mb = watermark_->resident().mb();
  if (stats_.peak_memory_usage_mb > 0)
    stats_.memory_efficiency = static_cast<double>(kept_) / stats_.peak_memory_usage_mb;
  if (services_.watch.cleanup != nullptr) {
    const memory::CleanupSummary& after = services_.watch.cleanup->summary();
    stats_.memory_cleanup_operations = after.operations - cleanup_before_.operations;
    stats_.memory_freed_mb = after.freed_mb - cleanup_before_.freed_mb;
    stats_.items_cleaned = after.items_cleaned - cleanup_before_.items_cleaned;
    stats_.cleanup_ms = milliseconds(after.duration - cleanup_before_.duration);
  }
  stats_.pressure_events = watch_.events();
  const memory::Budget& budget = *context_.budget;
  if (!watermark_) return;
  if (budget.limit() != memory::Budget::kUnlimited)
    stats_.budget.limit_mb = (budget.limit() + services_.watch.memory->fixed()).mb();
  stats_.budget.peak_reserved_mb = watermark_->account().mb();
  stats_.budget.unaccounted_peak_mb = watermark_->unaccounted().mb();
  for (std::size_t i = 0; i < memory::kTagCount; ++i) {
    const auto tag = static_cast<memory::Tag>(i);
    const Bytes peak = watermark_->account(tag);
    if (peak > Bytes{}) stats_.budget.by_tag[std::string(memory::to_string(tag))] = peak.mb();
  }
}

}  // namespace m3u_proxy::generation
