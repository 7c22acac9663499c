#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/memory/process_memory.hpp>
#include <m3u_proxy/pipeline/pressure_watch.hpp>

namespace m3u_proxy::pipeline {
namespace {
/// A job that swings between two levels for hours must not fill the report.
constexpr std::size_t kMaxEvents = 1000;
}  // namespace

PressureWatch::PressureWatch(memory::Budget& budget, memory::SimpleMemoryMonitor* monitor,
                             Bytes fixed, const memory::MemoryThresholds& system_thresholds)
    : budget_(&budget), monitor_(monitor), fixed_(fixed), unaccounted_(budget, fixed) {
  tracker_.set_system_thresholds(system_thresholds);
}

memory::MemoryPressureLevel PressureWatch::update(Stage stage) {
  const auto rss = memory::process_memory().resident();
  if (!rss) return tracker_.level();
  unaccounted_.update(*rss);
  if (monitor_ != nullptr) static_cast<void>(monitor_->check_limit());
  const Bytes limit = budget_->limit();
  const Bytes whole =
      limit == memory::Budget::kUnlimited ? memory::Budget::kUnlimited : limit + fixed_;
  const memory::MemoryPressureLevel before = tracker_.level();
  const memory::MemoryPressureLevel now = tracker_.update(budget_->used() + fixed_, *rss, whole);
  if (now != before) {
    log::info("memory.pressure", "Memory pressure {} → {} in '{}' at {:.1f}MB",
              memory::to_string(before), memory::to_string(now), to_string(stage), rss->mb());
    if (events_.size() < kMaxEvents)
      events_.push_back({.stage = std::string(to_string(stage)),
                         .from = std::string(memory::to_string(before)),
                         .to = std::string(memory::to_string(now)),
                         .rss_mb = rss->mb()});
  }
  return now;
}

}  // namespace m3u_proxy::pipeline
