#include <algorithm>
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

MemoryCleanupCoordinator::MemoryCleanupCoordinator(bool aggressive,
                                                   std::optional<double> threshold_mb,
                                                   CleanupOptions options)
    : aggressive_(aggressive), threshold_(to_bytes(threshold_mb)), options_(std::move(options)) {
  if (options_.process == nullptr) options_.process = &process_memory();
  if (!options_.clock) options_.clock = std::chrono::steady_clock::now;
  if (!options_.release_heap) options_.release_heap = release_free_heap;
}

Result<CleanupStats> MemoryCleanupCoordinator::cleanup_between_stages(std::string_view stage_name,
                                                                      MemoryCleanable& output,
                                                                      CleanupStrategy strategy) {
  const auto start = options_.clock();
  M3U_TRY(const Bytes before, options_.process->resident());

  std::size_t items = 0;
  bool release = aggressive_ || strategy == CleanupStrategy::kAggressive;
  if (strategy == CleanupStrategy::kSmart) {
    const SmartAction action = plan(stage_name, output, before);
    if (action != SmartAction::kNothing) items = apply_cleanup(output, strategy_for(action));
    release = release || action != SmartAction::kNothing;
  } else {
    items = apply_cleanup(output, strategy);
  }
  if (release) release_to_system();

  // What was cleaned is cleaned: a failing measurement must not look like a failed cleanup.
  const Bytes after = options_.process->resident().value_or(before);
  follow_trend(before, after);
  CleanupStats stats{.stage = std::string(stage_name),
                     .strategy = strategy,
                     .before_mb = before.mb(),
                     .after_mb = after.mb(),
                     .freed_mb = std::max(before.mb() - after.mb(), 0.0),
                     .items_cleaned = items,
                     .duration = options_.clock() - start};
  record(stats);
  return stats;
}

SmartAction MemoryCleanupCoordinator::plan(std::string_view stage_name,
                                           const MemoryCleanable& output, Bytes rss) const {
  const SmartChoice choice = choose_smart({.usage = output.memory_usage(),
                                           .rss = rss,
                                           .threshold = threshold_,
                                           .next_stage = next_stage_,
                                           .growth = growth_});
  log::debug(kModule, "Smart cleanup after '{}' cleans {}: {}", stage_name, describe(choice.action),
             choice.why);
  return choice.action;
}

void MemoryCleanupCoordinator::release_to_system() {
  for (const ReleaseHook& hook : hooks_) hook();
  options_.release_heap();
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
  log::debug(kModule,
             "Memory cleanup after '{}': {:.1f}MB freed ({:.1f}MB → {:.1f}MB), {} items cleaned, "
             "{}ms ({})",
             stats.stage, stats.freed_mb, stats.before_mb, stats.after_mb, stats.items_cleaned,
             milliseconds(stats.duration), to_string(stats.strategy));
}

Result<bool> MemoryCleanupCoordinator::should_cleanup() {
  if (!threshold_) return aggressive_;
  M3U_TRY(const Bytes rss, options_.process->resident());
  return rss >= *threshold_;
}

void MemoryCleanupCoordinator::log_summary() const {
  log::info(kModule,
            "Memory cleanup summary: {} operations, {:.1f}MB freed, {} items cleaned, {}ms total",
            summary_.operations, summary_.freed_mb, summary_.items_cleaned,
            milliseconds(summary_.duration));
}

}  // namespace m3u_proxy::memory
