#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/catalog/programme_frame.hpp>
#include <m3u_proxy/plugin_tools/recorded_run.hpp>

namespace m3u_proxy::plugin_tools {
namespace {

using catalog::ChannelBatch;
using plugins::PluginStage;

constexpr std::uintptr_t kAlignment = 16;
/// How much all answers together may hold: so many bytes, and so many times what was given.
constexpr std::size_t kLeastRoom = std::size_t{16} << 20U;
constexpr std::size_t kMostGrowth = 16;

Result<> verify(PluginStage stage, const OwnedChunk& answer) {
  if (stage == PluginStage::kM3uGeneration) {
    if (!is_valid_utf8({reinterpret_cast<const char*>(answer.data()), answer.size()}))
      return fail(ErrorCode::kParse, "its text is not UTF-8");
    return {};
  }
  if (stage == PluginStage::kEpg) return catalog::verify_programme_frame(answer);
  M3U_CHECK(catalog::verify_frame(answer));
  const catalog::FrameSummary summary = catalog::summarize(answer);
  if (summary.rows != 0 && summary.highest_source != 0)
    return fail(
        ErrorCode::kParse,
        fmt::format("a row has source {}, which is none of the context's", summary.highest_source));
  return {};
}

void append_row(const ChannelBatch& batch, std::size_t row, std::string& out) {
  for (std::size_t column = 0; column < ChannelBatch::kTextColumns; ++column)
    fmt::format_to(std::back_inserter(out), "{}\x1f", batch.column(column)[row]);
  fmt::format_to(std::back_inserter(out), "{}\x1f{}\x1e", batch.source(row),
                 to_string(batch.media_type(row)));
  for (const catalog::Attribute& attribute : batch.attributes(row))
    fmt::format_to(std::back_inserter(out), "{}={}\x1f", attribute.key, attribute.value);
  for (const std::string_view line : batch.directives(row))
    fmt::format_to(std::back_inserter(out), "{}\x1f", line);
  out += '\n';
}

void append_programmes(const OwnedChunk& answer, std::string& out) {
  std::pmr::vector<catalog::ProgrammeRow> rows;
  catalog::load_programme_frame(answer, rows);
  for (const catalog::ProgrammeRow& row : rows) {
    for (const std::string_view column : row.columns)
      fmt::format_to(std::back_inserter(out), "{}\x1f", column);
    fmt::format_to(std::back_inserter(out), "{}\x1f{}\n", row.origin, row.source);
  }
}

}  // namespace

Result<RecordedRun> record_run(Workbench& bench, plugin_host::PluginInstance& instance,
                               PluginStage stage, const Chunks& chunks) {
  RecordedRun run;
  ReadyChunks source(chunks);
  std::size_t room = kLeastRoom;
  for (const OwnedChunk& chunk : chunks) room += chunk.size() * kMostGrowth;
  const auto take = [&](AnswerTime time, Chunk answer) -> Result<> {
    (time == AnswerTime::kChunk ? run.chunk_answered : run.finalize_answered) = true;
    if (reinterpret_cast<std::uintptr_t>(answer.data()) % kAlignment != 0)
      return fail(ErrorCode::kParse, "an answer does not begin at a multiple of 16");
    if (answer.size() > room)
      return fail(ErrorCode::kParse, "it gives far more than it got",
                  "m3u_finalize says with 2 that it is done");
    room -= answer.size();
    run.answers.emplace_back(answer.begin(), answer.end());
    return verify(stage, run.answers.back());
  };
  M3U_CHECK(run_generation(instance, stage, bench.context(), source, take));
  return run;
}

std::string rows_of(const RecordedRun& run, PluginStage stage, memory::SlabPool& slabs) {
  std::string out;
  ChannelBatch batch(slabs);
  for (const OwnedChunk& answer : run.answers) {
    if (stage == PluginStage::kM3uGeneration) {
      out.append(answer.begin(), answer.end());
      continue;
    }
    if (stage == PluginStage::kEpg) {
      append_programmes(answer, out);
      continue;
    }
    batch.clear();
    catalog::load_frame(answer, batch);
    for (std::size_t row = 0; row < batch.rows(); ++row) append_row(batch, row, out);
  }
  return out;
}

}  // namespace m3u_proxy::plugin_tools
