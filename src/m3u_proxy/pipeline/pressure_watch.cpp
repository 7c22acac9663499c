#include <algorithm>
#include <utility>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/memory/process_memory.hpp>
#include <m3u_proxy/pipeline/pressure_watch.hpp>

namespace m3u_proxy::pipeline {
namespace {

using memory::MemoryPressureLevel;

/// A job that swings between two levels for hours must not fill the report.
constexpr std::size_t kMaxEvents = 1000;

}  // namespace

PressureWatch::PressureWatch(const RunContext& context, const PressureWatchOptions& options)
    : context_(context),
      options_(options),
      unaccounted_(*context.budget, options.fixed_overhead),
      policy_(policy_at(MemoryPressureLevel::kOptimal, context.threads, context.batch_rows)) {
  tracker_.set_system_thresholds(options.system_thresholds);
}

void PressureWatch::check(Stage stage) {
  rows_unchecked_ += policy_.batch_rows;
  if (rows_unchecked_ < options_.memory_check_interval) return;
  rows_unchecked_ = 0;
  if (options_.dynamic_limit != nullptr) options_.dynamic_limit->update();
  const MemoryPressureLevel level = measure(stage);
  context_.slabs->follow(level);
  apply(level);
  if (options_.cleanup != nullptr)
    options_.cleanup->tick(to_string(stage), options_.cleanup_strategy.value_or(policy_.cleanup));
}

MemoryPressureLevel PressureWatch::measure(Stage stage) {
  const auto rss = memory::process_memory().charged();
  if (!rss) return tracker_.level();
  unaccounted_.update(*rss);
  if (options_.monitor != nullptr) static_cast<void>(options_.monitor->check_limit());
  const Bytes fixed = options_.fixed_overhead;
  const Bytes limit = context_.budget->limit();
  const Bytes whole =
      limit == memory::Budget::kUnlimited ? memory::Budget::kUnlimited : limit + fixed;
  const MemoryPressureLevel before = tracker_.level();
  const MemoryPressureLevel now = tracker_.update(context_.budget->used() + fixed, *rss, whole);
  if (now != before) note_change(stage, before, *rss);
  return now;
}

void PressureWatch::note_change(Stage stage, MemoryPressureLevel from, Bytes rss) {
  const MemoryPressureLevel to = tracker_.level();
  log::info("memory.pressure", "Memory pressure {} → {} in '{}' at {:.1f}MB: {}",
            memory::to_string(from), memory::to_string(to), to_string(stage), rss.mb(),
            to_string(policy_at(to, context_.threads, context_.batch_rows)));
  if (events_.size() < kMaxEvents)
    events_.push_back({.stage = std::string(to_string(stage)),
                       .from = std::string(memory::to_string(from)),
                       .to = std::string(memory::to_string(to)),
                       .rss_mb = rss.mb()});
}

void PressureWatch::apply(MemoryPressureLevel level) {
  level = std::max(level, options_.least_level);
  const auto at = [&](MemoryPressureLevel each) {
    return policy_at(each, context_.threads, context_.batch_rows);
  };
  PressurePolicy next = at(std::min(level, level_.load()));  // batches follow one look later
  next.cleanup = at(level).cleanup;
  next.spool = std::max(policy_.spool, at(level).spool);
  level_ = level;
  const bool moves = next.spool != policy_.spool;
  policy_ = next;
  if (moves && move_down_) move_down_(policy_.spool);
}

void PressureWatch::begin_at(MemoryPressureLevel level) {
  level_ = level;
  apply(level);
}

void PressureWatch::on_move_down(std::function<void(spill::SpoolKind)> move_down) {
  move_down_ = std::move(move_down);
  if (move_down_) move_down_(policy_.spool);
}

}  // namespace m3u_proxy::pipeline
