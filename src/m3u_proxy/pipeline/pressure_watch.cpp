#include <algorithm>
#include <utility>

#include <m3u_proxy/base/log.hpp>
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
      policy_(policy_at(MemoryPressureLevel::kOptimal, context.threads, context.batch_rows)) {}

void PressureWatch::check(Stage stage) {
  rows_unchecked_ += policy_.batch_rows;
  if (rows_unchecked_ < options_.memory_check_interval || options_.memory == nullptr) return;
  rows_unchecked_ = 0;
  const memory::MemorySample sample = options_.memory->sample();
  if (sample.level != found_) note_change(stage, sample);
  found_ = sample.level;
  context_.slabs->follow(sample.level);
  apply(sample.level);
  if (options_.cleanup != nullptr)
    options_.cleanup->tick(to_string(stage), options_.cleanup_strategy.value_or(policy_.cleanup));
}

void PressureWatch::note_change(Stage stage, const memory::MemorySample& sample) {
  const double rss_mb = sample.resident.mb();
  log::info("memory.pressure", "Memory pressure {} → {} in '{}' at {:.1f}MB: {}",
            memory::to_string(found_), memory::to_string(sample.level), to_string(stage), rss_mb,
            to_string(policy_at(sample.level, context_.threads, context_.batch_rows)));
  if (events_.size() < kMaxEvents)
    events_.push_back({.stage = std::string(to_string(stage)),
                       .from = std::string(memory::to_string(found_)),
                       .to = std::string(memory::to_string(sample.level)),
                       .rss_mb = rss_mb});
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

void PressureWatch::on_move_down(std::function<void(memory::StorageLevel)> move_down) {
  move_down_ = std::move(move_down);
  if (move_down_) move_down_(policy_.spool);
}

}  // namespace m3u_proxy::pipeline
