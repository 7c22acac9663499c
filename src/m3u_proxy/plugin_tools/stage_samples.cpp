#include <algorithm>

#include <m3u_proxy/catalog/frame_builder.hpp>
#include <m3u_proxy/catalog/programme_frame.hpp>
#include <m3u_proxy/formats/xmltv_writer.hpp>
#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/plugin_tools/made_input.hpp>
#include <m3u_proxy/plugin_tools/stage_samples.hpp>

namespace m3u_proxy::plugin_tools {
namespace {

using catalog::ChannelBatch;
using catalog::ChannelField;
using plugins::PluginStage;

constexpr std::size_t kUsualChunks = 5;
constexpr std::size_t kLongText = 65536;
constexpr std::size_t kSmallCut = 100;
/// Bytes of a piece when a source is cut anywhere, and how much of it.
constexpr std::size_t kOddPiece = 997;
constexpr std::size_t kPiecesOf = std::size_t{128} << 10U;

Result<std::unique_ptr<io::ByteSource>> open_input(
    PluginStage stage, const std::optional<std::filesystem::path>& input) {
  if (input) return io::open_file(*input);
  return make_input(stage, kUsualChunks * kChunkRows);
}

/// Up to `most` chunks of `rows` rows.
Result<Chunks> cut(PluginStage stage, const std::optional<std::filesystem::path>& input,
                   memory::SlabPool& slabs, std::size_t rows, std::size_t most) {
  M3U_TRY(auto source, open_input(stage, input));
  const auto chunks = make_chunks(stage, std::move(source), slabs, rows);
  Chunks out;
  while (out.size() < most) {
    M3U_TRY(const auto chunk, chunks->next());
    if (!chunk) break;
    out.emplace_back(chunk->begin(), chunk->end());
  }
  return out;
}

/// What nobody expects: empty, long, in all scripts, with quotes and control characters.
std::vector<std::string> odd_texts() {
  return {"", std::string(kLongText, 'x'), "\xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x93\xBA \xC3\xA7",
          "a\tb\x01\x02 \"c\" 'd', #EXTINF", "e\xCC\x81 \xE2\x80\x8F\xD7\xA9 \xEF\xBB\xBF"};
}

/// A channel for each text, with the text in all its fields but the address.
OwnedChunk channel_chunk(PluginStage stage, const std::vector<std::string>& texts,
                         memory::SlabPool& slabs) {
  ChannelBatch batch(slabs);
  for (const std::string& text : texts) {
    const std::size_t row = batch.add_row(0);
    for (std::size_t column = 0; column < ChannelBatch::kTextColumns; ++column)
      batch.column(column)[row] = text;
    batch.set_text(ChannelField::kStreamUrl, row, "http://a.example/1.ts");
    batch.push_attribute({.key = "x-odd", .value = text});
    batch.push_directive("#EXTVLCOPT:http-user-agent=a");
  }
  if (stage == PluginStage::kM3uGeneration) {
    formats::OutputText text;
    ProblemLog problems;
    formats::write_m3u(batch, {}, text, problems);
    return {text.begin(), text.end()};
  }
  catalog::FrameBuilder builder(slabs.budget());
  const auto frame = builder.build(batch);
  return {frame.begin(), frame.end()};
}

/// The same with programmes.
OwnedChunk programme_chunk(const std::vector<std::string>& texts) {
  std::vector<std::pmr::string> elements;
  for (const std::string& text : texts) {
    std::pmr::string& element = elements.emplace_back(
        "<programme start=\"20260101000000 +0000\" channel=\"a.example\"><title>");
    formats::append_escaped(element, text);
    element += "</title></programme>";
  }
  std::vector<catalog::ProgrammeRow> rows(texts.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].columns.fill(texts[i]);
    rows[i].columns[catalog::ProgrammeRow::kElement] = elements[i];
    rows[i].origin = 0;
  }
  std::pmr::vector<std::uint8_t> frame;
  catalog::build_programme_frame(rows, frame);
  return {frame.begin(), frame.end()};
}

OwnedChunk chunk_of(PluginStage stage, const std::vector<std::string>& texts,
                    memory::SlabPool& slabs) {
  return stage == PluginStage::kEpg ? programme_chunk(texts) : channel_chunk(stage, texts, slabs);
}

Result<StageSamples> row_samples(PluginStage stage,
                                 const std::optional<std::filesystem::path>& input,
                                 memory::SlabPool& slabs) {
  StageSamples samples;
  M3U_TRY(samples.usual, cut(stage, input, slabs, kChunkRows, kUsualChunks));
  M3U_TRY(samples.one_cut, cut(stage, input, slabs, kChunkRows, 1));
  M3U_TRY(samples.other_cut, cut(stage, input, slabs, kSmallCut, kChunkRows / kSmallCut));
  M3U_TRY(Chunks one_row, cut(stage, input, slabs, 1, 1));
  samples.kinds.push_back({.name = "an empty chunk", .chunks = {chunk_of(stage, {}, slabs)}});
  samples.kinds.push_back({.name = "one row", .chunks = std::move(one_row)});
  samples.kinds.push_back({.name = "1000 rows", .chunks = samples.one_cut});
  samples.kinds.push_back({.name = "odd texts", .chunks = {chunk_of(stage, odd_texts(), slabs)}});
  return samples;
}

Result<StageSamples> source_samples(const std::optional<std::filesystem::path>& input,
                                    memory::SlabPool& slabs) {
  constexpr auto kStage = PluginStage::kSourceLoading;
  StageSamples samples;
  M3U_TRY(samples.usual, cut(kStage, input, slabs, kPieceSize, kUsualChunks));
  M3U_TRY(samples.one_cut, cut(kStage, input, slabs, kPiecesOf, 1));
  if (!samples.one_cut.empty()) {
    const OwnedChunk& whole = samples.one_cut.front();
    for (std::size_t at = 0; at < whole.size(); at += kOddPiece)
      samples.other_cut.emplace_back(
          whole.begin() + static_cast<std::ptrdiff_t>(at),
          whole.begin() + static_cast<std::ptrdiff_t>(std::min(at + kOddPiece, whole.size())));
  }
  samples.kinds.push_back({.name = "an empty source", .chunks = {}});
  samples.kinds.push_back({.name = "a piece of the source", .chunks = samples.one_cut});
  return samples;
}

}  // namespace

Result<StageSamples> make_samples(PluginStage stage,
                                  const std::optional<std::filesystem::path>& input,
                                  memory::SlabPool& slabs) {
  return stage == PluginStage::kSourceLoading ? source_samples(input, slabs)
                                              : row_samples(stage, input, slabs);
}

}  // namespace m3u_proxy::plugin_tools
