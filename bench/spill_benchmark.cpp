// What keys, sorting and the spool cost, in memory and on disk.
#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <m3u_proxy/spill/blob_sorter.hpp>
#include <m3u_proxy/spill/key_map.hpp>
#include <m3u_proxy/spill/key_set.hpp>
#include <m3u_proxy/spill/record_sorter.hpp>
#include <m3u_proxy/spill/sort_key.hpp>
#include <m3u_proxy/spill/spill_space.hpp>
#include <m3u_proxy/spill/spool.hpp>

namespace m3u_proxy::spill {
namespace {

SpillSpace::Options here() {
  return {
      .folder = std::filesystem::current_path(), .max = {}, .tmpfs = io::TempFolder::Tmpfs::kAllow};
}

std::vector<Key128> fresh_keys(std::size_t count) {
  std::mt19937_64 random(1);
  std::vector<Key128> keys(count);
  for (Key128& key : keys) key = {.low = random(), .high = random()};
  return keys;
}

void key_set(benchmark::State& state, bool on_disk) {
  const auto keys = fresh_keys(static_cast<std::size_t>(state.range(0)));
  SpillSpace space(here());
  memory::Budget budget;
  for (auto _ : state) {
    KeySet set(budget, &space);
    if (on_disk) set.move_down();
    for (const Key128 key : keys)
      if (!set.insert(key).value_or(false)) state.SkipWithError("not as it should be");
    state.counters["bytes a key"] =
        static_cast<double>(set.footprint().count) / static_cast<double>(keys.size());
  }
  state.counters["peak MB"] = budget.peak().mb();
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(key_set, memory, false)
    ->Name("KeySet, fresh keys, in memory")
    ->Arg(40'000)
    ->Arg(1'000'000)
    ->Arg(10'000'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(key_set, disk, true)
    ->Name("KeySet, fresh keys, on disk")
    ->Arg(1'000'000)
    ->Arg(10'000'000)
    ->Unit(benchmark::kMillisecond);

void key_map_lookup(benchmark::State& state, bool on_disk) {
  const auto keys = fresh_keys(static_cast<std::size_t>(state.range(0)));
  SpillSpace space(here());
  memory::Budget budget;
  KeyMap map(budget, &space);
  if (on_disk) map.move_down();
  std::uint32_t value = 0;
  for (const Key128 key : keys)
    if (!map.insert(key, value++)) state.SkipWithError("refused");
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(map.find(keys[next]));
    next = (next + 7919) % keys.size();
  }
  state.counters["MB"] = map.footprint().mb();
}
BENCHMARK_CAPTURE(key_map_lookup, memory, false)->Name("KeyMap lookup, in memory")->Arg(1'000'000);
BENCHMARK_CAPTURE(key_map_lookup, disk, true)->Name("KeyMap lookup, on disk")->Arg(1'000'000);

std::vector<std::uint64_t> fresh_numbers(std::size_t count) {
  std::mt19937_64 random(2);
  std::vector<std::uint64_t> numbers(count);
  for (std::uint64_t& number : numbers) number = random();
  return numbers;
}

void record_sorter(benchmark::State& state, Bytes memory) {
  const auto numbers = fresh_numbers(static_cast<std::size_t>(state.range(0)));
  SpillSpace space(here());
  memory::Budget budget;
  for (auto _ : state) {
    RecordSorter<std::uint64_t, AscendingNumbers> sorter(budget, &space, {.memory = memory});
    for (const std::uint64_t number : numbers)
      if (!sorter.add(number)) state.SkipWithError("refused");
    if (!sorter.finish()) state.SkipWithError("refused");
    std::uint64_t number = 0;
    std::uint64_t sum = 0;
    while (sorter.next(number).value_or(false)) sum += number;
    benchmark::DoNotOptimize(sum);
  }
  state.counters["peak MB"] = budget.peak().mb();
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(record_sorter, memory, mib(1024))
    ->Name("RecordSorter, 8-byte numbers, in memory")
    ->Arg(1'000'000)
    ->Arg(10'000'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(record_sorter, disk, mib(1))
    ->Name("RecordSorter, 8-byte numbers, with 1 MB of memory")
    ->Arg(1'000'000)
    ->Arg(10'000'000)
    ->Unit(benchmark::kMillisecond);

void blob_sorter(benchmark::State& state, Bytes memory) {
  constexpr std::size_t kPayload = 250;  // about a channel
  const auto numbers = fresh_numbers(static_cast<std::size_t>(state.range(0)));
  const std::string payload(kPayload, 'p');
  SpillSpace space(here());
  memory::Budget budget;
  SortKey key;
  for (auto _ : state) {
    BlobSorter sorter(budget, &space, {.memory = memory});
    for (const std::uint64_t number : numbers) {
      key.clear();
      key.add_text("Group " + std::to_string(number % 100));
      key.add_number(number);
      if (!sorter.add(key.bytes(), payload)) state.SkipWithError("refused");
    }
    if (!sorter.finish()) state.SkipWithError("refused");
    std::string_view found;
    std::string_view content;
    std::size_t size = 0;
    while (sorter.next(found, content).value_or(false)) size += content.size();
    benchmark::DoNotOptimize(size);
  }
  state.counters["peak MB"] = budget.peak().mb();
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(blob_sorter, memory, mib(1024))
    ->Name("BlobSorter, 250-byte records, in memory")
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(blob_sorter, disk, mib(4))
    ->Name("BlobSorter, 250-byte records, with 4 MB of memory")
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond);

/// Frames with the repetition that lists have: names and addresses that differ in a few digits.
std::vector<std::uint8_t> frame_of_channels() {
  constexpr std::size_t kSize = 250'000;
  std::mt19937 random(3);
  std::string text;
  while (text.size() < kSize) {
    const auto id = std::to_string(random());
    text.append("Channel ")
        .append(id)
        .append(" HD|Entertainment|http://provider.example:8080/live/");
    text.append("user/secret/").append(id).append(".ts|https://logos.example/").append(id);
    text.append(".png\n");
  }
  return {text.begin(), text.end()};
}

void spool(benchmark::State& state, memory::StorageLevel kind) {
  constexpr std::size_t kFrames = 400;
  const auto frame = frame_of_channels();
  SpillSpace space(here());
  memory::Budget budget;
  memory::SlabPool slabs(budget);
  std::pmr::vector<std::uint8_t> scratch;
  for (auto _ : state) {
    Spool frames(slabs, {.compress_beyond = mib(1024), .first = kind, .space = &space});
    for (std::size_t i = 0; i < kFrames; ++i)
      if (!frames.append(frames.pack(frame, scratch))) state.SkipWithError("refused");
    for (std::size_t i = 0; i < kFrames; ++i) {
      const auto back = frames.read(i, scratch);
      if (!back) state.SkipWithError("not read");
      benchmark::DoNotOptimize(back->data());
    }
    state.counters["stored MB"] = frames.stored().mb();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kFrames * frame.size()));
}
BENCHMARK_CAPTURE(spool, standard, memory::StorageLevel::kMemory)
    ->Name("Spool, 400 frames in and out, standard")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(spool, compressed, memory::StorageLevel::kCompressed)
    ->Name("Spool, 400 frames in and out, compressed")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(spool, spill, memory::StorageLevel::kSpill)
    ->Name("Spool, 400 frames in and out, spill")
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace m3u_proxy::spill
