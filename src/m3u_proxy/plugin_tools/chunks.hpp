// ChunkSource: what a plugin gets in its stage, one chunk after the other, made from a file.
//
// Not thread-safe. All throw memory::OverBudget where the Budget refuses.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <m3u_proxy/catalog/batch_frame.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/formats/m3u_reader.hpp>
#include <m3u_proxy/formats/m3u_splitter.hpp>
#include <m3u_proxy/formats/m3u_writer.hpp>
#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/plugin_host/stage_plugin.hpp>

namespace m3u_proxy::plugin_tools {

using Chunk = std::span<const std::uint8_t>;

/// Rows of a chunk, as the ABI says; bytes of a piece of a source.
using plugin_host::kChunkRows;
constexpr std::size_t kPieceSize = std::size_t{256} << 10U;

class ChunkSource {
 public:
  ChunkSource() = default;
  ChunkSource(const ChunkSource&) = delete;
  ChunkSource& operator=(const ChunkSource&) = delete;
  virtual ~ChunkSource() = default;

  /// The next chunk, valid until the next call; nothing at the end.
  virtual Result<std::optional<Chunk>> next() = 0;
  /// Channels or other rows given so far; 0 where a chunk has none.
  [[nodiscard]] virtual std::uint64_t rows() const { return 0; }
};

/// The channels of a playlist, as many at once as wanted.
class PlaylistRows {
 public:
  PlaylistRows(std::unique_ptr<io::ByteSource> source, memory::SlabPool& slabs);

  /// Fills `batch` with `rows` channels, or with fewer, the last ones. Errors: kParse (no
  /// playlist), those of the source.
  Result<> fill(std::size_t rows, catalog::ChannelBatch& batch);

 private:
  Result<bool> parse_more();

  std::unique_ptr<io::ByteSource> source_;
  formats::M3uSplitter splitter_;
  std::optional<formats::M3uSource> header_;
  formats::OpenGroup group_;
  formats::M3uChunk chunk_;
  catalog::ChannelBatch parsed_;  // views into chunk_
  std::size_t next_row_ = 0;
  ProblemLog problems_;
};

/// Gets the `<channel>` elements of a guide as they are met.
using TakeChannel = std::function<Result<>(std::string_view element)>;

/// The chunks that `stage` gets of `source`, which may be compressed: a playlist, for epg a guide,
/// for source_loading anything. `rows`: rows of a chunk, bytes of a piece for source_loading.
std::unique_ptr<ChunkSource> make_chunks(plugins::PluginStage stage,
                                         std::unique_ptr<io::ByteSource> source,
                                         memory::SlabPool& slabs, std::size_t rows,
                                         TakeChannel take_channel = {});

/// The usual size of a chunk of `stage` for make_chunks().
constexpr std::size_t usual_rows(plugins::PluginStage stage) {
  return stage == plugins::PluginStage::kSourceLoading ? kPieceSize : kChunkRows;
}

}  // namespace m3u_proxy::plugin_tools
