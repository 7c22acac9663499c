// What watching and cleaning memory costs.
#include <chrono>
#include <cstring>
#include <filesystem>
#include <vector>

#include <benchmark/benchmark.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/memory/cleanup.hpp>
#include <m3u_proxy/memory/dynamic_limit.hpp>
#include <m3u_proxy/memory/monitor.hpp>
#include <m3u_proxy/memory/pressure.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>
#include <m3u_proxy/spill/key_set.hpp>
#include <m3u_proxy/spill/spool.hpp>

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
BENCHMARK(stage_observation)->Name("stage observation");

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

/// What a pass's serial step does once a batch, when nothing is due.
void cleanup_tick(benchmark::State& state) {
  MemoryCleanupCoordinator coordinator(MemoryCleanupConfig{
      .auto_gc_interval = std::chrono::hours(1), .force_cleanup_frequency = std::chrono::hours(1)});
  for (auto _ : state) coordinator.tick("Filtering", CleanupStrategy::kBasic);
}
BENCHMARK(cleanup_tick)->Name("cleanup tick, nothing due");

void cleanup_tick_off(benchmark::State& state) {
  MemoryCleanupCoordinator coordinator;
  for (auto _ : state) coordinator.tick("Filtering", CleanupStrategy::kBasic);
}
BENCHMARK(cleanup_tick_off)->Name("cleanup tick, no interval set");

void limit_update(benchmark::State& state) {
  Budget budget(mib(512));
  DynamicLimit limit(budget, nullptr, mib(512), {.interval = std::chrono::hours(1)});
  for (auto _ : state) limit.update();
}
BENCHMARK(limit_update)->Name("dynamic limit, not yet due");

void limit_look(benchmark::State& state) {
  (void)log::configure("off");
  Budget budget(mib(512));
  DynamicLimit limit(budget, nullptr, mib(512), {.interval = std::chrono::seconds(0)});
  for (auto _ : state) limit.update();
}
BENCHMARK(limit_look)->Name("dynamic limit, a look at the system");

void pool_request(benchmark::State& state) {
  Budget budget;
  SlabPool pool(budget);
  for (auto _ : state) benchmark::DoNotOptimize(pool.acquire(Tag::kBatch, kib(256).count));
}
BENCHMARK(pool_request)->Name("slab from the pool and back");

/// What a generation of 39,161 channels holds behind its first pass: the keys of its duplicates,
/// and its frames on their way to the second.
struct StageOutput {
  explicit StageOutput(SlabPool& pool, spill::SpillSpace& disk)
      : keys(pool.budget()), frames(pool, {.space = &disk}) {
    for (std::uint64_t i = 0; i < kChannels; ++i)
      keys.insert({.low = i * 0x9E3779B97F4A7C15U, .high = i}).value();
    std::vector<std::uint8_t> frame(150'000);
    for (std::size_t i = 0; i < frame.size(); ++i) frame[i] = static_cast<std::uint8_t>(i / 64);
    std::pmr::vector<std::uint8_t> scratch;
    for (std::size_t i = 0; i < kChannels; i += 1000)
      frames.append(frames.pack(frame, scratch)).value();
  }
  spill::KeySet keys;
  spill::Spool frames;
};

/// As DuplicateFilter does it: no later stage asks for them.
class Keys final : public MemoryCleanable {
 public:
  explicit Keys(spill::KeySet& keys) : keys_(keys) {}
  std::size_t basic_cleanup() override {
    const auto items = static_cast<std::size_t>(keys_.size());
    keys_.clear();
    return items;
  }
  [[nodiscard]] MemoryUsage memory_usage() const override {
    return {.held = keys_.footprint(), .unused = keys_.footprint()};
  }

 private:
  spill::KeySet& keys_;
};

void fill(SlabPool& pool) {
  std::vector<Slab> slabs;
  for (std::uint64_t i = 0; i < pool_bytes({}).count / mib(1).count; ++i) {
    slabs.push_back(pool.acquire(Tag::kBatch, mib(1).count).value());
    std::memset(slabs.back().data(), 1, slabs.back().size());
  }
}

void cleanup(benchmark::State& state, CleanupStrategy strategy) {
  (void)log::configure("off");
  for (auto _ : state) {
    state.PauseTiming();
    // As many kept slabs as the default configuration allows, all resident.
    Budget budget;
    SlabPool pool(budget);
    spill::SpillSpace disk(
        {.folder = std::filesystem::temp_directory_path(), .tmpfs = io::TempFolder::Tmpfs::kAllow});
    StageOutput stage(pool, disk);
    Keys keys(stage.keys);
    CleanableParts output(keys, stage.frames);
    fill(pool);
    MemoryCleanupCoordinator coordinator;
    coordinator.add_kept(pool);
    state.ResumeTiming();
    benchmark::DoNotOptimize(coordinator.cleanup_between_stages("Filtering", output, strategy));
  }
}
BENCHMARK_CAPTURE(cleanup, basic, CleanupStrategy::kBasic)->Name("basic cleanup, 39,161 channels");
BENCHMARK_CAPTURE(cleanup, smart, CleanupStrategy::kSmart)->Name("smart cleanup, 39,161 channels");
BENCHMARK_CAPTURE(cleanup, aggressive, CleanupStrategy::kAggressive)
    ->Name("aggressive cleanup, 39,161 channels");

}  // namespace
}  // namespace m3u_proxy::memory
