#include <algorithm>

#include <m3u_proxy/catalog/frame_builder.hpp>
#include <m3u_proxy/io/inflate.hpp>
#include <m3u_proxy/plugin_tools/chunks.hpp>
#include <m3u_proxy/plugin_tools/guide_chunks.hpp>

namespace m3u_proxy::plugin_tools {
namespace {

using catalog::ChannelBatch;
using plugins::PluginStage;

Chunk bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Whole pieces of a source.
class Pieces final : public ChunkSource {
 public:
  Pieces(std::unique_ptr<io::ByteSource> source, std::size_t size)
      : source_(std::move(source)), buffer_(size, '\0') {}

  Result<std::optional<Chunk>> next() override {
    std::size_t size = 0;
    while (size < buffer_.size()) {
      M3U_TRY(const std::size_t got, source_->read(std::span(buffer_).subspan(size)));
      if (got == 0) break;
      size += got;
    }
    if (size == 0) return std::nullopt;
    return bytes_of(std::string_view(buffer_).substr(0, size));
  }

 private:
  std::unique_ptr<io::ByteSource> source_;
  std::string buffer_;
};

/// Batches of exactly so many channels, as frames or as playlist text.
class ChannelChunks final : public ChunkSource {
 public:
  ChannelChunks(std::unique_ptr<io::ByteSource> source, memory::SlabPool& slabs, std::size_t rows,
                bool as_text)
      : playlist_(std::move(source), slabs),
        chunk_rows_(rows),
        as_text_(as_text),
        batch_(slabs),
        builder_(slabs.budget()),
        text_memory_(slabs.budget(), memory::Tag::kOutput),
        text_(&text_memory_) {}

  Result<std::optional<Chunk>> next() override {
    batch_.clear();
    M3U_CHECK(playlist_.fill(chunk_rows_, batch_));
    if (batch_.rows() == 0) return std::nullopt;
    rows_ += batch_.rows();
    if (!as_text_) return builder_.build(batch_);
    text_.clear();
    formats::write_m3u(batch_, {}, text_, problems_);
    return bytes_of(text_);
  }
  [[nodiscard]] std::uint64_t rows() const override { return rows_; }

 private:
  PlaylistRows playlist_;
  std::size_t chunk_rows_;
  bool as_text_;
  ChannelBatch batch_;
  catalog::FrameBuilder builder_;
  memory::BudgetResource text_memory_;
  formats::OutputText text_;
  ProblemLog problems_;
  std::uint64_t rows_ = 0;
};

}  // namespace

PlaylistRows::PlaylistRows(std::unique_ptr<io::ByteSource> source, memory::SlabPool& slabs)
    : source_(std::move(source)), splitter_(slabs, kChunkRows), parsed_(slabs) {}

Result<bool> PlaylistRows::parse_more() {
  if (!header_) {
    M3U_TRY(formats::M3uHeader header, formats::begin_m3u(splitter_, *source_, problems_));
    header_.emplace();
    header_->header = std::move(header);
  }
  parsed_.clear();
  next_row_ = 0;
  M3U_TRY(chunk_, splitter_.next(*source_, problems_));
  if (chunk_.text.empty()) return false;
  group_.carry(formats::parse_m3u(chunk_, *header_, parsed_, problems_), parsed_);
  return true;
}

Result<> PlaylistRows::fill(std::size_t rows, ChannelBatch& batch) {
  while (batch.rows() < rows) {
    if (next_row_ < parsed_.rows()) {
      const std::size_t count = std::min(rows - batch.rows(), parsed_.rows() - next_row_);
      batch.append_rows(parsed_, next_row_, count, ChannelBatch::Texts::kCopy);
      next_row_ += count;
      continue;
    }
    M3U_TRY(const bool more, parse_more());
    if (!more) break;
  }
  return {};
}

std::unique_ptr<ChunkSource> make_chunks(PluginStage stage, std::unique_ptr<io::ByteSource> source,
                                         memory::SlabPool& slabs, std::size_t rows,
                                         TakeChannel take_channel) {
  source = io::make_inflating_source(std::move(source), slabs.budget());
  switch (stage) {
    case PluginStage::kSourceLoading:
      return std::make_unique<Pieces>(std::move(source), rows);
    case PluginStage::kEpg:
      return std::make_unique<GuideChunks>(std::move(source), slabs, rows, std::move(take_channel));
    case PluginStage::kDataMapping:
    case PluginStage::kFiltering:
    case PluginStage::kChannelNumbering:
    case PluginStage::kM3uGeneration:
      break;
  }
  return std::make_unique<ChannelChunks>(std::move(source), slabs, rows,
                                         stage == PluginStage::kM3uGeneration);
}

}  // namespace m3u_proxy::plugin_tools
