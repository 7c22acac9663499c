#include <algorithm>

#include <m3u_proxy/outputs/filled_file.hpp>

namespace m3u_proxy::outputs {

FilledFile::FilledFile(std::shared_ptr<const io::Descriptor> file, std::uint64_t size,
                       std::shared_ptr<const std::vector<PlaceCount>> counts,
                       std::shared_ptr<const Placeholders> placeholders, Placeholders values)
    : file_(std::move(file)),
      size_(size),
      counts_(std::move(counts)),
      placeholders_(std::move(placeholders)),
      values_(std::move(values)),
      filled_size_(snapshots::size_with(size, *counts_, *placeholders_, values_)) {}

bool FilledFile::has_places(std::size_t block) const {
  return block < counts_->size() && (*counts_)[block] != PlaceCount();
}

Result<http::Piece> FilledFile::next() {
  if (offset_ >= size_) return http::Piece(std::string_view());
  const auto block = static_cast<std::size_t>(offset_ / snapshots::kPlaceBlock);
  return has_places(block) ? next_filled() : next_range();
}

/// As many blocks without a place as are in a row.
Result<http::Piece> FilledFile::next_range() {
  auto block = static_cast<std::size_t>(offset_ / snapshots::kPlaceBlock);
  while (block < counts_->size() && !has_places(block)) ++block;
  const std::uint64_t end =
      block < counts_->size()
          ? std::min<std::uint64_t>(size_, std::uint64_t{block} * snapshots::kPlaceBlock)
          : size_;
  const http::FileRange range{.fd = file_->get(), .offset = offset_, .length = end - offset_};
  offset_ = end;
  return http::Piece(range);
}

Result<http::Piece> FilledFile::next_filled() {
  const std::size_t longest = std::max(placeholders_->base.size(), placeholders_->token.size());
  const std::uint64_t end = std::min(
      size_, (offset_ / snapshots::kPlaceBlock + 1) * std::uint64_t{snapshots::kPlaceBlock});
  const auto own = static_cast<std::size_t>(end - offset_);
  // A placeholder that begins in this block may end in the next one.
  raw_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(size_ - offset_, own + longest)));
  for (std::size_t read = 0; read < raw_.size();) {
    M3U_TRY(const std::size_t size,
            io::read_some_at(file_->get(), offset_ + read,
                             std::span(raw_.data() + read, raw_.size() - read),
                             "cannot read a published file"));
    if (size == 0) return fail(ErrorCode::kIo, "a published file has become shorter");
    read += size;
  }
  filled_.clear();
  std::size_t at = 0;
  while (at < own) {
    const snapshots::FoundPlace found = snapshots::find_place(raw_, at, *placeholders_);
    if (found.at >= own) break;
    filled_.append(raw_, at, found.at - at);
    filled_ += found.is_base ? values_.base : values_.token;
    at = found.at + (found.is_base ? placeholders_->base : placeholders_->token).size();
  }
  if (at < own) {
    filled_.append(raw_, at, own - at);
    at = own;
  }
  offset_ += at;
  return http::Piece(std::string_view(filled_));
}

}  // namespace m3u_proxy::outputs
