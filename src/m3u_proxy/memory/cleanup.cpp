#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/memory/cleanup.hpp>

namespace m3u_proxy::memory {
namespace {

constexpr std::string_view kModule = "memory.cleanup";
/// Below this, freeing unused capacity is not worth the time of Smart.
constexpr Bytes kLeastWorth = mib(1);
/// Share of the output (one in …) that must lie unused.
constexpr std::uint64_t kUnusedShare = 10;

std::int64_t milliseconds(std::chrono::nanoseconds duration) {
  return std::chrono::round<std::chrono::milliseconds>(duration).count();
}

CleanupStrategy strategy_for(SmartAction action) {
  return action == SmartAction::kEverything ? CleanupStrategy::kAggressive
                                            : CleanupStrategy::kSmart;
}

std::string_view describe(SmartAction action) {
  switch (action) {
    case SmartAction::kNothing:
      return "nothing";
    case SmartAction::kWhereMuch:
      return "where much is unused";
    case SmartAction::kEverything:
      return "everything";
  }
  return "";
}

std::optional<Bytes> to_bytes(std::optional<double> mb) {
  if (!mb) return std::nullopt;
  return Bytes{static_cast<std::uint64_t>(std::max(*mb, 0.0) * 1048576.0)};
}

}  // namespace

SmartChoice choose_smart(const SmartInputs& inputs) {
  const Bytes need = std::max(inputs.next_stage, inputs.growth);
  if (inputs.threshold) {
    const Bytes room = *inputs.threshold > inputs.rss ? *inputs.threshold - inputs.rss : Bytes{};
    if (room <= need) {
      const std::string_view source = inputs.next_stage >= inputs.growth
                                          ? "the next stage needs"
                                          : "by the trend a stage needs";
      return {.action = SmartAction::kEverything,
              .why = fmt::format("{} {:.1f}MB, {:.1f}MB are left below the threshold of {:.1f}MB",
                                 source, need.mb(), room.mb(), inputs.threshold->mb())};
    }
  }
  const auto& [held, unused] = inputs.usage;
  const std::string amount = fmt::format("{:.1f}MB of {:.1f}MB are unused", unused.mb(), held.mb());
  if (unused >= kLeastWorth && unused * kUnusedShare >= held)
    return {.action = SmartAction::kWhereMuch, .why = amount};
  return {.action = SmartAction::kNothing, .why = amount + ", not worth the time"};
}

std::string_view to_string(CleanupCause cause) {
  switch (cause) {
    case CleanupCause::kStage:
      return "stage";
    case CleanupCause::kInterval:
      return "interval";
    case CleanupCause::kForced:
      return "forced";
  }
  return "";
}

MemoryCleanupCoordinator::MemoryCleanupCoordinator(bool aggressive,
                                                   std::optional<double> threshold_mb,
                                                   CleanupOptions options)
    : MemoryCleanupCoordinator(MemoryCleanupConfig{.aggressive_cleanup = aggressive,
                                                   .memory_pressure_threshold_mb = threshold_mb},
                               std::move(options)) {}

MemoryCleanupCoordinator::MemoryCleanupCoordinator(const MemoryCleanupConfig& config,
                                                   CleanupOptions options)
    : config_(config),
      options_(std::move(options)),
      own_clock_(static_cast<bool>(options_.clock)),
      detail_(config.detailed_logging ? log::Level::kInfo : log::Level::kDebug) {
  if (options_.process == nullptr) options_.process = &process_memory();
  if (!options_.clock) options_.clock = std::chrono::steady_clock::now;
  if (!options_.release_heap) options_.release_heap = release_free_heap;
  schedule(options_.clock(), true);
}

std::optional<Bytes> MemoryCleanupCoordinator::threshold() const {
  return options_.threshold ? options_.threshold() : to_bytes(config_.memory_pressure_threshold_mb);
}

Result<CleanupStats> MemoryCleanupCoordinator::cleanup_between_stages(std::string_view stage_name,
                                                                      MemoryCleanable& output,
                                                                      CleanupStrategy strategy) {
  return clean(stage_name, output, strategy, CleanupCause::kStage);
}

void MemoryCleanupCoordinator::clean_now(std::string_view stage_name, MemoryCleanable& live,
                                         CleanupStrategy strategy) {
  const bool forced = next_forced_ && tick_clock() >= *next_forced_;
  const auto cleaned =
      forced ? clean(stage_name, live, CleanupStrategy::kAggressive, CleanupCause::kForced)
             : clean(stage_name, live, strategy, CleanupCause::kInterval);
  if (!cleaned)
    log::warn(kModule, "Memory cleanup in '{}' failed: {}", stage_name, to_string(cleaned.error()));
}

Result<CleanupStats> MemoryCleanupCoordinator::clean(std::string_view stage_name,
                                                     MemoryCleanable& output,
                                                     CleanupStrategy strategy, CleanupCause cause) {
  const auto start = options_.clock();
  schedule(start, strategy == CleanupStrategy::kAggressive);
  const auto failed = [this](Error error) {
    ++summary_.failures;
    return fail(std::move(error));
  };
  const auto before = options_.process->resident();
  if (!before) return failed(before.error());
  const auto items = clean_output(stage_name, output, strategy, *before);
  if (!items) return failed(items.error());

  // What was cleaned is cleaned: a failing measurement must not look like a failed cleanup.
  const Bytes after = options_.process->resident().value_or(*before);
  follow_trend(*before, after);
  CleanupStats stats{.stage = std::string(stage_name),
                     .cause = cause,
                     .strategy = strategy,
                     .before_mb = before->mb(),
                     .after_mb = after.mb(),
                     .freed_mb = std::max(before->mb() - after.mb(), 0.0),
                     .items_cleaned = *items,
                     .duration = options_.clock() - start};
  record(stats);
  return stats;
}

Result<std::size_t> MemoryCleanupCoordinator::clean_output(std::string_view stage_name,
                                                           MemoryCleanable& output,
                                                           CleanupStrategy strategy, Bytes rss) {
  std::size_t items = 0;
  try {
    bool nothing = false;
    if (strategy == CleanupStrategy::kSmart) {
      const SmartAction action = plan(stage_name, output, rss);
      nothing = action == SmartAction::kNothing;
      strategy = strategy_for(action);
    }
    if (!nothing) items = apply_cleanup(output, strategy);
    if (config_.aggressive_cleanup) strategy = CleanupStrategy::kAggressive;
    if (nothing && !config_.aggressive_cleanup) return items;
    for (MemoryCleanable* const kept : kept_) items += apply_cleanup(*kept, strategy);
    if (strategy != CleanupStrategy::kBasic) options_.release_heap();
  } catch (const std::exception& thrown) {
    return fail(ErrorCode::kInternal,
                fmt::format("the cleanup after '{}' failed: {}", stage_name, thrown.what()));
  }
  return items;
}

/// A cleanup of any kind starts the interval anew; only one that gives everything back starts the
/// forced ones anew.
void MemoryCleanupCoordinator::schedule(TimePoint now, bool everything) {
  if (config_.force_cleanup_frequency && everything)
    next_forced_ = now + *config_.force_cleanup_frequency;
  next_due_ = next_forced_;
  if (!config_.auto_gc_interval) return;
  const TimePoint next = now + *config_.auto_gc_interval;
  next_due_ = next_due_ ? std::min(*next_due_, next) : next;
}

SmartAction MemoryCleanupCoordinator::plan(std::string_view stage_name,
                                           const MemoryCleanable& output, Bytes rss) const {
  MemoryUsage usage = output.memory_usage();
  for (const MemoryCleanable* const kept : kept_) usage += kept->memory_usage();
  const SmartChoice choice = choose_smart({.usage = usage,
                                           .rss = rss,
                                           .threshold = threshold(),
                                           .next_stage = next_stage_,
                                           .growth = growth_});
  log::at(detail_, kModule, "Smart cleanup after '{}' cleans {}: {}", stage_name,
          describe(choice.action), choice.why);
  return choice.action;
}

void MemoryCleanupCoordinator::follow_trend(Bytes before, Bytes after) {
  if (previous_) {
    const Bytes added = before > *previous_ ? before - *previous_ : Bytes{};
    growth_ = (growth_ + added) / 2;
  }
  previous_ = after;
  next_stage_ = {};
}

void MemoryCleanupCoordinator::record(const CleanupStats& stats) {
  ++summary_.operations;
  summary_.freed_mb += stats.freed_mb;
  summary_.items_cleaned += stats.items_cleaned;
  summary_.duration += stats.duration;
  if (config_.track_cleanup_history) {
    if (history_.size() == kCleanupHistory) history_.pop_front();
    history_.push_back(stats);
  }
  if (options_.on_cleanup) options_.on_cleanup(stats);
  log::at(detail_, kModule,
          "Memory cleanup after '{}': {:.1f}MB freed ({:.1f}MB → {:.1f}MB), {} items cleaned, "
          "{}ms ({})",
          stats.stage, stats.freed_mb, stats.before_mb, stats.after_mb, stats.items_cleaned,
          milliseconds(stats.duration), to_string(stats.strategy));
}

Result<bool> MemoryCleanupCoordinator::should_cleanup() {
  const std::optional<Bytes> short_from = threshold();
  if (!short_from) return config_.aggressive_cleanup;
  M3U_TRY(const Bytes rss, options_.process->resident());
  return rss >= *short_from;
}

void MemoryCleanupCoordinator::log_summary() const {
  log::info(kModule,
            "Memory cleanup summary: {} operations, {:.1f}MB freed, {} items cleaned, {}ms total{}",
            summary_.operations, summary_.freed_mb, summary_.items_cleaned,
            milliseconds(summary_.duration),
            summary_.failures == 0 ? "" : fmt::format(", {} failed", summary_.failures));
}

}  // namespace m3u_proxy::memory
