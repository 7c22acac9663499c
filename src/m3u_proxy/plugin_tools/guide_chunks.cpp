#include <m3u_proxy/plugin_tools/guide_chunks.hpp>

namespace m3u_proxy::plugin_tools {
namespace {

constexpr std::size_t kWindow = std::size_t{1} << 20U;

}  // namespace

GuideChunks::GuideChunks(std::unique_ptr<io::ByteSource> source, memory::SlabPool& slabs,
                         std::size_t rows, TakeChannel take_channel)
    : reader_(std::move(source), slabs, kWindow),
      splitter_(slabs),
      chunk_rows_(rows),
      take_channel_(std::move(take_channel)),
      memory_(slabs.budget(), memory::Tag::kBatch),
      window_(&memory_),
      checker_(&memory_),
      pending_(slabs),
      columns_(slabs),
      chunk_(&memory_),
      frame_(&memory_) {}

Result<bool> GuideChunks::read_window() {
  next_element_ = 0;
  window_.elements.clear();
  M3U_TRY(const bool more, reader_.read(window_));
  if (!more && reader_.error()) return fail(*reader_.error());
  if (more) M3U_CHECK(splitter_.split(window_));
  return more;
}

Result<> GuideChunks::take(const formats::XmltvSpan& span) {
  const std::string_view whole = window_.text.substr(span.begin, span.size);
  const auto element = checker_.check(whole, false, problems_, window_.position + span.begin);
  if (!element) return {};
  if (span.kind == formats::XmltvKind::kChannel)
    return take_channel_ ? take_channel_(*element) : Result<>();
  if (span.kind == formats::XmltvKind::kProgramme) {
    pending_.add({.element = pending_.keep(*element), .output = 0, .source = 0});
    ++rows_;
  }
  return {};
}

Result<std::optional<Chunk>> GuideChunks::next() {
  pending_.clear();
  columns_.clear();
  chunk_.clear();
  while (pending_.rows().size() < chunk_rows_) {
    if (next_element_ < window_.elements.size()) {
      M3U_CHECK(take(window_.elements[next_element_++]));
      continue;
    }
    M3U_TRY(const bool more, read_window());
    if (!more) break;
  }
  if (pending_.empty()) return std::nullopt;
  for (const auto& row : pending_.rows()) columns_.read(row, chunk_.emplace_back());
  catalog::build_programme_frame(chunk_, frame_);
  return Chunk(frame_);
}

}  // namespace m3u_proxy::plugin_tools
