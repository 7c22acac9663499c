// What watching and cleaning memory costs.
#include <string>
#include <unordered_map>
#include <vector>

#include <benchmark/benchmark.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/memory/cleanup.hpp>
#include <m3u_proxy/memory/monitor.hpp>
#include <m3u_proxy/memory/pressure.hpp>

namespace m3u_proxy::memory {
namespace {

constexpr std::size_t kChannels = 39'161;

void observation(benchmark::State& state) {
  (void)log::configure("off");
  SimpleMemoryMonitor monitor(512);
  for (auto _ : state) benchmark::DoNotOptimize(monitor.resident());
}
BENCHMARK(observation)->Name("memory observation");

void stage_observation(benchmark::State& state) {
  (void)log::configure("off");
  SimpleMemoryMonitor monitor(512);
  for (auto _ : state) benchmark::DoNotOptimize(monitor.observe_stage("Filtering"));
}
BENCHMARK(stage_observation)->Name("stage observation with a new kernel peak");

void pressure_check(benchmark::State& state) {
  const Budget budget(mib(512));
  PressureTracker tracker;
  for (auto _ : state)
    benchmark::DoNotOptimize(tracker.update(budget.used(), mib(300), budget.limit()));
}
BENCHMARK(pressure_check)->Name("pressure check");

void reservation(benchmark::State& state) {
  Budget budget(mib(512));
  for (auto _ : state) benchmark::DoNotOptimize(budget.reserve(Tag::kBatch, kib(64)));
}
BENCHMARK(reservation)->Name("reservation and release");

/// Names and groups of 39,161 channels, with as much unused capacity as growing leaves.
struct StageOutput {
  StageOutput() {
    for (std::size_t i = 0; i < kChannels; ++i) {
      names.push_back("A channel's name that is long enough " + std::to_string(i));
      groups["group " + std::to_string(i % 500)].push_back(static_cast<int>(i));
    }
  }
  std::vector<std::string> names;
  std::unordered_map<std::string, std::vector<int>> groups;
};

void cleanup(benchmark::State& state, CleanupStrategy strategy) {
  (void)log::configure("off");
  for (auto _ : state) {
    state.PauseTiming();
    StageOutput stage;
    CleanableParts output(stage.names, stage.groups);
    MemoryCleanupCoordinator coordinator;
    state.ResumeTiming();
    benchmark::DoNotOptimize(coordinator.cleanup_between_stages("Filtering", output, strategy));
  }
}
BENCHMARK_CAPTURE(cleanup, basic, CleanupStrategy::kBasic)->Name("basic cleanup, 39,161 channels");
BENCHMARK_CAPTURE(cleanup, aggressive, CleanupStrategy::kAggressive)
    ->Name("aggressive cleanup, 39,161 channels");

}  // namespace
}  // namespace m3u_proxy::memory
