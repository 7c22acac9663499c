#include <algorithm>
#include <vector>

#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/plugin_tools/plugin_bench.hpp>

namespace m3u_proxy::plugin_tools {
namespace {

using Clock = std::chrono::steady_clock;
using plugin_host::Answer;
using plugin_host::PluginInstance;

constexpr int kSmallCalls = 10'000;

/// What a new start costs once the module is compiled.
Result<std::chrono::nanoseconds> measure_start(Workbench& bench,
                                               const plugin_host::CompileOptions& compile) {
  const auto begin = Clock::now();
  M3U_TRY(const auto again,
          Workbench::open(bench.plugin().manifest().file, compile, bench.options()));
  M3U_TRY(const auto instance, again->make_instance());
  return Clock::now() - begin;
}

Result<std::chrono::nanoseconds> measure_small_call(PluginInstance& instance) {
  const auto begin = Clock::now();
  for (int i = 0; i < kSmallCalls; ++i)
    M3U_CHECK(instance.can_handle_memory_pressure(memory::MemoryPressureLevel::kOptimal));
  return (Clock::now() - begin) / kSmallCalls;
}

Result<> measure_chunks(PluginInstance& instance, ChunkSource& chunks, BenchResult& result) {
  std::vector<std::chrono::nanoseconds> times;
  while (true) {
    M3U_TRY(const std::optional<Chunk> chunk, chunks.next());
    if (!chunk) break;
    const auto before = instance.spent();
    M3U_TRY(const Answer answer, instance.process_chunk(*chunk));
    times.push_back(instance.spent() - before);
    result.bytes_in += chunk->size();
    result.bytes_out += answer.bytes.size();
  }
  M3U_CHECK(finalize(instance, [&](Chunk answer) -> Result<> {
    result.bytes_out += answer.size();
    return {};
  }));
  result.chunks = times.size();
  result.rows = chunks.rows();
  if (times.empty()) return {};
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::ranges::nth_element(times, middle);
  result.median = *middle;
  result.least = std::ranges::min(times);
  result.most = std::ranges::max(times);
  return {};
}

}  // namespace

Result<BenchResult> measure(Workbench& bench, plugins::PluginStage stage,
                            std::unique_ptr<io::ByteSource> input,
                            const plugin_host::CompileOptions& compile) {
  return memory::guarded([&]() -> Result<BenchResult> {
    BenchResult result;
    M3U_TRY(result.start, measure_start(bench, compile));
    const auto chunks = make_chunks(stage, std::move(input), bench.slabs(), usual_rows(stage));
    M3U_TRY(const auto instance, bench.make_instance());
    M3U_CHECK(instance->begin(stage, bench.context()));
    M3U_TRY(result.smallest_call, measure_small_call(*instance));
    const auto before = instance->spent();
    M3U_CHECK(measure_chunks(*instance, *chunks, result));
    result.total = instance->spent() - before;
    result.memory = instance->memory_size();
    M3U_CHECK(instance->cleanup());
    return result;
  });
}

}  // namespace m3u_proxy::plugin_tools
