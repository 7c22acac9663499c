// What watching and cleaning memory costs.
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/channels/channel_store.hpp>
#include <m3u_proxy/channels/source_loading.hpp>
#include <m3u_proxy/io/memory_source.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/memory/cleanup.hpp>
#include <m3u_proxy/memory/dynamic_limit.hpp>
#include <m3u_proxy/memory/monitor.hpp>
#include <m3u_proxy/memory/pressure.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>
#include <m3u_proxy/pipeline/stage.hpp>
#include <m3u_proxy/spill/spill_space.hpp>

#include "playlist_generator.hpp"
#include "sample_text.hpp"

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

/// A playlist of kChannels entries.
const std::string& playlist() {
  static const std::string text = [] {
    const auto generator = bench::PlaylistGenerator::from(bench::sample_playlist()).value();
    std::string entries = "#EXTM3U\n";
    for (std::uint64_t i = 0; i < kChannels; ++i) generator.append_entry(entries, i);
    return entries;
  }();
  return text;
}

/// What a generation of these channels holds behind its first pass, read as it reads them: what
/// the duplicate filter remembers, and the channels that wait for the second pass.
class LoadedChannels {
 public:
  explicit LoadedChannels(const pipeline::RunContext& context)
      : reader_(context, sources_, false),
        duplicates_(context, reader_),
        store_(channels::make_channel_store(context, {.sort = unsorted_}, reader_.infos(),
                                            StorageLevel::kMemory)) {
    channels::SourceLoadingStrategy parse;
    channels::ChannelItem item(*context.slabs);
    while (reader_.next(item).value()) {
      (void)parse.process(item).value();
      (void)duplicates_.process(item).value();
      (void)store_->pack(item).value();
      (void)store_->keep(item).value();
      item.clear();
    }
  }
  [[nodiscard]] channels::DuplicateFilter& duplicates() { return duplicates_; }
  [[nodiscard]] channels::ChannelStore& store() { return *store_; }

 private:
  const std::vector<channels::PlaylistSource> sources_ = {
      {.name = "sample",
       .url = {},
       .open = []() -> Result<std::unique_ptr<io::ByteSource>> {
         return std::make_unique<io::MemorySource>(playlist());
       },
       .origin = {}}};
  const std::vector<channels::ChannelSortField> unsorted_;
  channels::SourceReader reader_;
  channels::DuplicateFilter duplicates_;
  std::unique_ptr<channels::ChannelStore> store_;
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
    CancelToken cancel;
    const pipeline::RunContext context{
        .budget = &budget, .slabs = &pool, .spill = &disk, .cancel = &cancel};
    LoadedChannels loaded(context);
    CleanableParts output(loaded.duplicates(), loaded.store());
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
