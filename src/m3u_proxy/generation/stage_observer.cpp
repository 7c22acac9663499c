#include <algorithm>
#include <chrono>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/generation/stage_observer.hpp>

namespace m3u_proxy::generation {

void StageObserver::finish(const FinishedStage& done, memory::MemoryCleanable& leavings) {
  const std::string_view name = to_string(done.stage);
  observe(name);
  const std::string& plugins = scope_->strategies.names(done.stage);
  const std::chrono::duration<double, std::milli> time = scope_->clock.wall(done.stage);
  const StageStats& stats = stages_.emplace_back(
      StageStats{.name = std::string(name),
                 .execution_time_ms = time.count(),
                 .strategy = std::string(plugins.empty() ? done.strategy : plugins),
                 .peak_memory_mb = pass_peak_mb_,
                 .items_in = done.items_in,
                 .items_out = done.items_out});
  std::string lower(name);
  for (char& c : lower) c = ascii_lower(c);
  log::info("pipeline", "Simple {} completed: {} {} in {:.0f}ms (Peak Memory: {:.1f}MB)", lower,
            stats.items_out, done.done_what, stats.execution_time_ms, stats.peak_memory_mb);
  clean(done.stage, leavings);
}

void StageObserver::observe(std::string_view name) {
  if (scope_->services.monitor == nullptr) return;
  const auto snapshot = scope_->services.monitor->observe_stage(name);
  if (!snapshot) return;
  // Stages of one pass share its peak; the first observation after it is the one that saw it.
  pass_peak_mb_ = std::max(pass_peak_mb_, snapshot->peak_mb);
  memory_usage_[std::string(name)] = static_cast<std::uint64_t>(snapshot->rss_mb * 1048576.0);
}

void StageObserver::clean(pipeline::Stage stage, memory::MemoryCleanable& leavings) {
  const GenerationServices& services = scope_->services;
  if (services.watch.cleanup == nullptr || !services.cleanup_between_stages) return;
  const auto strategy = services.watch.cleanup_strategy.value_or(scope_->watch.policy().cleanup);
  expect_stage_after(stage);
  const auto cleaned =
      services.watch.cleanup->cleanup_between_stages(to_string(stage), leavings, strategy);
  if (!cleaned) log::warn("memory.cleanup", "{}", to_string(cleaned.error()));
}

/// What earlier runs suggest for the stage that comes next, beyond what is resident now.
void StageObserver::expect_stage_after(pipeline::Stage stage) {
  const GenerationServices& services = scope_->services;
  const auto next = static_cast<std::size_t>(stage) + 1;
  if (next >= pipeline::kStageCount) return;
  const auto expected =
      std::ranges::find(services.expected_peaks, to_string(static_cast<pipeline::Stage>(next)),
                        &memory::StagePeak::stage);
  const auto now = memory_usage_.find(std::string(to_string(stage)));
  if (expected == services.expected_peaks.end() || now == memory_usage_.end()) return;
  const auto peak = static_cast<std::uint64_t>(expected->peak_mb * 1048576.0);
  if (peak > now->second) services.watch.cleanup->expect_next_stage(Bytes{peak - now->second});
}

}  // namespace m3u_proxy::generation
