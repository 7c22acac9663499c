// Reading and writing playlists in memory on one core: split, parse, (rules, filters,) write.
#include <cstdlib>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <m3u_proxy/channels/channel_record.hpp>
#include <m3u_proxy/formats/m3u_reader.hpp>
#include <m3u_proxy/formats/m3u_writer.hpp>
#include <m3u_proxy/io/memory_source.hpp>
#include <m3u_proxy/rules/filter_set.hpp>
#include <m3u_proxy/rules/rule_set.hpp>

#include "playlist_generator.hpp"
#include "sample_text.hpp"

namespace m3u_proxy::bench {
namespace {

constexpr std::uint64_t kChannels = 39'161;
constexpr std::size_t kRows = 1000;

const std::string& playlist() {
  static const std::string kText = [] {
    const auto generator = PlaylistGenerator::from(sample_playlist());
    if (!generator) std::abort();
    std::string text = "#EXTM3U\n";
    for (std::uint64_t i = 0; i < kChannels; ++i) generator->append_entry(text, i);
    return text;
  }();
  return kText;
}

rules::Rule rule(std::string_view text) {
  auto made = rules::compile_rule(catalog::Domain::kChannels, text);
  if (!made) std::abort();
  return *std::move(made);
}

rules::Filter filter(std::string_view text) {
  auto made = rules::compile_filter(catalog::Domain::kChannels, text);
  if (!made) std::abort();
  return *std::move(made);
}

/// The job of the other benchmarks: two filters and three rules.
struct Job {
  rules::RuleSet rules{
      {{"quality", rule("channel_name matches \"^(.*) HD( [0-9]+)?$\" SET "
                        "channel_name = \"$1$2\", attr:quality = \"HD\"")},
       {"uk", rule("group_title starts_with \"UK\" SET group_title = \"United Kingdom\"")},
       {"sport", rule("channel_name contains \"sport\" AND stream_url contains "
                      "\"/live/\" SET group_title += \" (Sport)\"")}}};
  rules::FilterSet filters{
      {{"adult", rules::FilterAction::kExclude, filter("group_title contains \"adult\"")},
       {"vod", rules::FilterAction::kExclude, filter("group_title ends_with \"VOD\"")}}};
};

/// Reads the whole playlist in chunks and writes it again; returns how much was written.
std::size_t rewrite(const Job* job, memory::SlabPool& slabs, catalog::ChannelBatch& batch,
                    formats::OutputText& out) {
  static const std::vector<channels::SourceInfo> kSources = {
      {.name = "tv", .type = "m3u", .url = ""}};
  io::MemorySource source(playlist());
  formats::M3uSplitter splitter(slabs, kRows);
  formats::M3uSource m3u;
  ProblemLog problems;
  rules::Scratch scratch;
  rules::Counts rule_counts;
  rules::Counts filter_counts;
  std::size_t written = 0;
  while (true) {
    auto chunk = splitter.next(source, problems);
    if (!chunk) std::abort();
    if (chunk->text.empty()) return written;
    batch.clear();
    formats::parse_m3u(*chunk, m3u, batch, problems);
    if (job != nullptr) {
      channels::ChannelRecord record(batch, kSources);
      for (std::size_t row = 0; row < batch.rows(); ++row) {
        record.select(row);
        job->rules.apply(record, scratch, rule_counts);
      }
      batch.retain([&](std::size_t row) {
        record.select(row);
        return job->filters.keep(record, scratch, filter_counts);
      });
    }
    out.clear();
    formats::write_m3u(batch, {}, out, problems);
    written += out.size();
  }
}

void run(benchmark::State& state, const Job* job) {
  memory::Budget budget;
  memory::SlabPool slabs(budget);
  catalog::ChannelBatch batch(slabs);
  formats::OutputText out;
  for (auto _ : state) benchmark::DoNotOptimize(rewrite(job, slabs, batch, out));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(playlist().size()));
}

void read_and_write(benchmark::State& state) { run(state, nullptr); }
void with_rules(benchmark::State& state) {
  const Job job;
  run(state, &job);
}
BENCHMARK(read_and_write)->Name("read + write")->Unit(benchmark::kMillisecond);
BENCHMARK(with_rules)->Name("read + rules and filters + write")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace m3u_proxy::bench
