// How fast guides are read, selected, rewritten and written: MB/s of guide, on one core unless the
// name says otherwise. The file benchmarks write to the temporary folder.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <m3u_proxy/formats/xmltv_checker.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/formats/xmltv_splitter.hpp>
#include <m3u_proxy/guide/guide_generator.hpp>

namespace {

using namespace m3u_proxy;  // NOLINT(google-build-using-namespace): a program, not a library

constexpr int kChannels = 2000;

/// A guide of about 500 bytes a programme, as providers write them.
const std::string& guide() {
  static const std::string kText = [] {
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<tv date=\"20260101\">\n";
    for (int i = 0; i < kChannels; ++i)
      out += fmt::format(
          "  <channel id=\"channel-{0}.example\">\n    <display-name>Channel {0}</display-name>\n"
          "    <icon src=\"https://images.example/{0}.png\"/>\n  </channel>\n",
          i);
    for (int i = 0; out.size() < (std::size_t{64} << 20U); ++i)
      out += fmt::format(
          "  <programme start=\"202601{:02}{:02}0000 +0000\" stop=\"202601{:02}{:02}5500 +0000\" "
          "channel=\"channel-{}.example\">\n    <title lang=\"en\">Programme number {}</title>\n"
          "    <desc lang=\"en\">In this episode of the series somebody meets somebody else, and "
          "nothing is as it was before &amp; after.</desc>\n    <category>Series</category>\n"
          "    <icon src=\"https://images.example/programmes/{}/poster_large.jpg\"/>\n"
          "    <episode-num system=\"xmltv_ns\">1.{}.</episode-num>\n    <rating>\n"
          "      <value>PG</value>\n    </rating>\n  </programme>\n",
          1 + i / 24 % 28, i % 24, 1 + i / 24 % 28, i % 24, i / 40 % kChannels, i, i, i % 20);
    return out + "</tv>\n";
  }();
  return kText;
}

std::size_t split_all(std::string_view text, std::pmr::vector<formats::XmltvSpan>& spans) {
  formats::XmltvSplitter splitter;
  ProblemLog problems;
  constexpr std::size_t kWindow = std::size_t{256} << 10U;
  std::size_t begin = 0;
  std::size_t count = 0;
  while (begin < text.size()) {
    const std::string_view window = text.substr(begin, kWindow);
    const bool last = begin + window.size() == text.size();
    spans.clear();
    const auto used = splitter.split(
        window, last ? formats::XmltvSplitter::Input::kEnd : formats::XmltvSplitter::Input::kMore,
        spans, problems);
    count += spans.size();
    begin += used.value();
  }
  return count;
}

void split(benchmark::State& state) {
  std::pmr::vector<formats::XmltvSpan> spans;
  const std::string& text = guide();
  for (auto _ : state) benchmark::DoNotOptimize(split_all(text, spans));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(guide().size()));
}
BENCHMARK(split)->Unit(benchmark::kMillisecond);

void check(benchmark::State& state) {
  std::pmr::vector<formats::XmltvSpan> spans;
  formats::XmltvSplitter splitter;
  ProblemLog problems;
  if (!splitter.split(guide(), formats::XmltvSplitter::Input::kEnd, spans, problems)) return;
  formats::XmltvChecker checker(std::pmr::new_delete_resource());
  for (auto _ : state) {
    const bool clean = formats::XmltvChecker::has_clean_bytes(guide());
    for (const auto& span : spans)
      benchmark::DoNotOptimize(checker.check(
          std::string_view(guide()).substr(span.begin, span.size), clean, problems, span.begin));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(guide().size()));
}
BENCHMARK(check)->Unit(benchmark::kMillisecond);

/// Gives out a text that stays where it is.
class ViewSource final : public io::ByteSource {
 public:
  explicit ViewSource(std::string_view text) : rest_(text) {}
  Result<std::size_t> read(std::span<char> buffer) override {
    const std::size_t n = std::min(buffer.size(), rest_.size());
    std::memcpy(buffer.data(), rest_.data(), n);
    rest_.remove_prefix(n);
    return n;
  }
  [[nodiscard]] std::uint64_t consumed() const override { return 0; }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }

 private:
  std::string_view rest_;
};

/// The whole stage. range(0): threads; range(1): per cent of the channels that are wanted;
/// range(2): offset of the source in seconds (0: programmes stay as they are).
void generate(benchmark::State& state) {
  const auto folder = std::filesystem::temp_directory_path();
  guide();  // made before the clock starts
  guide::EpgSource source;
  source.name = "guide";
  source.time_offset_seconds = state.range(2);
  source.open = []() -> Result<std::unique_ptr<io::ByteSource>> {
    return std::make_unique<ViewSource>(guide());
  };
  std::vector<std::string> ids;
  ids.reserve(kChannels);
  for (int i = 0; i < kChannels; ++i)
    ids.push_back(fmt::format("channel-{}.example{}", i, i % 100 < state.range(1) ? "" : "-no"));
  for (auto _ : state) {
    memory::Budget budget;
    memory::SlabPool slabs(budget);
    const pipeline::RunContext context{
        .budget = &budget, .slabs = &slabs, .threads = static_cast<std::size_t>(state.range(0))};
    auto temp = io::TempFolder::create(folder);
    auto out = io::AtomicFile::create(folder / "m3u_proxy_benchmark.xmltv");
    guide::GuideGenerator generator(context, {});
    for (const std::string& id : ids)
      if (!generator.add_channel({.tvg_id = id, .channel_name = id})) return;
    const auto result = generator.generate({&source, 1}, **out, **temp);
    benchmark::DoNotOptimize(result->programmes);
    state.counters["peak_mb"] = budget.peak().mb();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(guide().size()));
}
BENCHMARK(generate)
    ->Args({1, 100, 0})
    ->Args({2, 100, 0})
    ->Args({1, 100, 3600})
    ->Args({1, 10, 0})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
