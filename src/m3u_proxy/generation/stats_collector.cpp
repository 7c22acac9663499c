#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/generation/stats_collector.hpp>

namespace m3u_proxy::generation {
namespace {

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

Result<> StatsCollector::begin() {
  const GenerationServices& services = scope_.services;
  if (services.monitor != nullptr) M3U_CHECK(services.monitor->initialize());
  if (services.watch.memory != nullptr)
    watermark_.emplace(*services.watch.memory, services.monitor);
  if (services.watch.cleanup != nullptr) cleanup_before_ = services.watch.cleanup->summary();
  return {};
}

GenerationStats StatsCollector::collect(const FinishedPasses& passes,
                                        std::chrono::nanoseconds waited_for_disk) {
  stats_.proxy = scope_.config.name;
  stats_.duration_ms = milliseconds(std::chrono::steady_clock::now() - begin_ - waited_for_disk);
  stats_.fsync_ms = milliseconds(waited_for_disk);
  stats_.stages = std::move(passes.stages.stages());
  for (StageStats& stage : stats_.stages)
    stage.total_time_pc =
        stats_.duration_ms > 0 ? stage.execution_time_ms / stats_.duration_ms * 100 : 0;
  stats_.stage_memory_usage = passes.stages.memory_usage();
  const WrittenList& written = passes.write.written();
  stats_.channels = written.channels;
  stats_.edited = passes.load.edits().edited();
  stats_.hidden = passes.load.edits().hidden();
  stats_.has_previous = written.has_previous;
  stats_.added = written.added;
  stats_.removed = written.removed;
  if (stats_.duration_ms > 0)
    stats_.channels_per_second =
        static_cast<double>(passes.load.kept()) / stats_.duration_ms * 1000;

  stats_.problems = passes.load.take_problems();
  stats_.problems.merge(written.problems, "");
  if (const std::string& refusal = passes.guide.refusal(); !refusal.empty()) {
    stats_.warnings.push_back(refusal);
    stats_.degraded = true;
  }
  add_expressions(passes);
  add_sources(passes.load);
  add_plugins();
  add_guide(passes.guide);
  log_problems();
  stats_.playlist_path = scope_.publisher.place_of(OutputFile::kPlaylist);
  add_memory(passes.load.kept());
  return std::move(stats_);
}

void StatsCollector::warn(std::string warning) {
  log::warn("pipeline", "{}", warning);
  stats_.warnings.push_back(std::move(warning));
}

void StatsCollector::add_expressions(const FinishedPasses& passes) {
  const ResolvedProxyConfig& config = scope_.config;
  const guide::GuideResult& guide = passes.guide.result();
  const auto add = [&](const auto& set, const rules::Counts& counts, std::string_view applies_to,
                       std::vector<ExpressionStats>& into) {
    if (set) add_set(set->names(), counts, applies_to, into);
  };
  add(config.channel_filters, passes.load.filter_counts(), "channels", stats_.filters_detail);
  add(config.programme_filters, guide.filter_counts, "programmes", stats_.filters_detail);
  add(config.channel_rules, passes.load.rule_counts(), "channels", stats_.rules);
  add(config.guide_channel_rules, guide.channel_rule_counts, "guide_channels", stats_.rules);
  add(config.programme_rules, guide.rule_counts, "programmes", stats_.rules);
  stats_.filters = stats_.filters_detail.size();
  warn_of_unmatched(stats_.filters_detail, "filter", passes.guide.was_read());
  warn_of_unmatched(stats_.rules, "rule", passes.guide.was_read());
}

void StatsCollector::add_set(const std::vector<std::string>& names, const rules::Counts& counts,
                             std::string_view applies_to, std::vector<ExpressionStats>& into) {
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

/// What matches nothing has a slip of the pen, or is not needed any more.
void StatsCollector::warn_of_unmatched(const std::vector<ExpressionStats>& all,
                                       std::string_view kind, bool guide_was_read) {
  for (const ExpressionStats& one : all) {
    // Nothing can be said of those that no guide was there for.
    const bool had_records = one.applies_to == "channels" || guide_was_read;
    if (one.matched == 0 && had_records)
      warn(fmt::format("{} \"{}\" matched nothing", kind, one.name));
  }
}

void StatsCollector::add_sources(const LoadPass& load) {
  stats_.sources = scope_.config.sources.size();
  stats_.sources_detail = load.source_stats();
  for (channels::SourceStats& source : stats_.sources_detail) {
    if (source.items == 0 && source.error.empty()) {
      source.error = "it has no channels";
      log::warn("pipeline.sources", "{}: {}", source.name, source.error);
    }
    stats_.degraded |= !source.error.empty() || source.from_cache;
    for (std::string& url : source.guide_urls) url = redact_url(url);
  }
}

void StatsCollector::add_plugins() {
  const StagePlugins* const plugins = scope_.strategies.plugins();
  if (plugins == nullptr) return;
  stats_.plugins = plugins->stats();
  stats_.degraded |= plugins->degraded();
}

void StatsCollector::add_guide(const GuidePass& pass) {
  const guide::GuideResult& guide = pass.result();
  for (const guide::EpgSourceResult& source : guide.sources) {
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
  if (guide.failed)
    log::warn("pipeline.guide", "{}: {}",
              pass.was_read() ? "one EPG source could not be used, and the others have no programme"
                              : "no EPG source could be used",
              scope_.publisher.has_last_guide() ? "the last guide stays" : "there is no guide");
  stats_.programmes = guide.programmes;
  stats_.guide = {.matched = guide.matched,
                  .of = guide.of,
                  .more_with_casefold = guide.more_with_casefold,
                  .more_with_name = guide.more_with_name,
                  .unmatched_sample = guide.unmatched_sample};
  stats_.problems.merge(guide.problems, "");
  stats_.guide_written = pass.is_written();
  if (stats_.guide_written) stats_.guide_path = scope_.publisher.place_of(OutputFile::kGuide);
}

/// One line by reason, and where the first one is; the report has more.
void StatsCollector::log_problems() const {
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

void StatsCollector::add_memory(std::uint64_t kept) {
  add_cleanup();
  stats_.pressure_events = scope_.watch.events();
  if (!watermark_) return;
  stats_.peak_memory_usage_mb = watermark_->resident().mb();
  if (stats_.peak_memory_usage_mb > 0)
    stats_.memory_efficiency = static_cast<double>(kept) / stats_.peak_memory_usage_mb;
  const memory::Budget& budget = *scope_.context.budget;
  if (budget.limit() != memory::Budget::kUnlimited)
    stats_.budget.limit_mb = (budget.limit() + scope_.services.watch.memory->fixed()).mb();
  stats_.budget.peak_reserved_mb = watermark_->account().mb();
  stats_.budget.unaccounted_peak_mb = watermark_->unaccounted().mb();
  for (std::size_t i = 0; i < memory::kTagCount; ++i) {
    const auto tag = static_cast<memory::Tag>(i);
    const Bytes peak = watermark_->account(tag);
    if (peak > Bytes{}) stats_.budget.by_tag[std::string(memory::to_string(tag))] = peak.mb();
  }
}

/// What this generation's cleanups did; the coordinator's account is the process's.
void StatsCollector::add_cleanup() {
  if (scope_.services.watch.cleanup == nullptr) return;
  const memory::CleanupSummary& after = scope_.services.watch.cleanup->summary();
  stats_.memory_cleanup_operations = after.operations - cleanup_before_.operations;
  stats_.memory_freed_mb = after.freed_mb - cleanup_before_.freed_mb;
  stats_.items_cleaned = after.items_cleaned - cleanup_before_.items_cleaned;
  stats_.cleanup_ms = milliseconds(after.duration - cleanup_before_.duration);
}

}  // namespace m3u_proxy::generation
