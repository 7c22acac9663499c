#include <algorithm>
#include <array>
#include <span>

#include <m3u_proxy/outputs/filled_file.hpp>

namespace m3u_proxy::outputs {
namespace {

constexpr std::size_t kLongestPlaceholder = 128;  // see Placeholders::of_installation()

}  // namespace

FilledFile::FilledFile(Content content, std::shared_ptr<const Placeholders> placeholders,
                       Placeholders values)
    : content_(std::move(content)),
      placeholders_(std::move(placeholders)),
      values_(std::move(values)),
      filled_size_(snapshots::size_with(content_.size, *content_.counts, *placeholders_, values_)) {
}

Result<std::unique_ptr<FilledFile>> FilledFile::open(
    memory::Budget& budget, Content content, std::shared_ptr<const Placeholders> placeholders,
    Placeholders values) {
  std::unique_ptr<FilledFile> made(
      new FilledFile(std::move(content), std::move(placeholders), std::move(values)));
  if (const std::size_t largest = made->largest_block(); largest != 0) {
    M3U_TRY(made->room_, budget.reserve(memory::Tag::kHttp, Bytes{largest}));
    made->filled_.reserve(largest);
  }
  return made;
}

/// Of a block with its values, at most; 0: no block has a placeholder.
std::size_t FilledFile::largest_block() const {
  std::size_t most = 0;
  for (const PlaceCount& count : *content_.counts)
    if (count != PlaceCount())
      most = std::max(most, snapshots::kPlaceBlock + count.bases * values_.base.size() +
                                count.tokens * values_.token.size());
  return most;
}

bool FilledFile::has_places(std::size_t block) const {
  return block < content_.counts->size() && (*content_.counts)[block] != PlaceCount();
}

Result<http::Piece> FilledFile::next() {
  if (offset_ >= content_.size) return http::Piece(std::string_view());
  const auto block = static_cast<std::size_t>(offset_ / snapshots::kPlaceBlock);
  return has_places(block) ? next_filled() : next_range();
}

/// As many blocks without a place as are in a row.
Result<http::Piece> FilledFile::next_range() {
  auto block = static_cast<std::size_t>(offset_ / snapshots::kPlaceBlock);
  while (block < content_.counts->size() && !has_places(block)) ++block;
  const std::uint64_t end =
      block < content_.counts->size()
          ? std::min<std::uint64_t>(content_.size, std::uint64_t{block} * snapshots::kPlaceBlock)
          : content_.size;
  if (block >= content_.counts->size()) {  // no block will be filled any more
    std::string().swap(filled_);           // an assignment of nothing would keep its memory
    room_.release();
  }
  const http::FileRange range{
      .fd = content_.file->get(), .offset = offset_, .length = end - offset_};
  offset_ = end;
  return http::Piece(range);
}

Result<http::Piece> FilledFile::next_filled() {
  const std::size_t longest = std::max(placeholders_->base.size(), placeholders_->token.size());
  const std::uint64_t end = std::min(content_.size, (offset_ / snapshots::kPlaceBlock + 1) *
                                                        std::uint64_t{snapshots::kPlaceBlock});
  const auto own = static_cast<std::size_t>(end - offset_);
  // A placeholder that begins in this block may end in the next one.
  std::array<char, snapshots::kPlaceBlock + kLongestPlaceholder> buffer;
  const std::span<char> bytes = std::span(buffer).first(static_cast<std::size_t>(
      std::min<std::uint64_t>({content_.size - offset_, own + longest, buffer.size()})));
  for (std::size_t read = 0; read < bytes.size();) {
    M3U_TRY(const std::size_t size,
            io::read_some_at(content_.file->get(), offset_ + read, bytes.subspan(read),
                             "cannot read a published file"));
    if (size == 0) return fail(ErrorCode::kIo, "a published file has become shorter");
    read += size;
  }
  const std::string_view raw(bytes.data(), bytes.size());
  filled_.clear();
  std::size_t at = 0;
  while (at < own) {
    const snapshots::FoundPlace found = snapshots::find_place(raw, at, *placeholders_);
    if (found.at >= own) break;
    filled_.append(raw, at, found.at - at);
    filled_ += found.is_base ? values_.base : values_.token;
    at = found.at + (found.is_base ? placeholders_->base : placeholders_->token).size();
  }
  if (at < own) {
    filled_.append(raw, at, own - at);
    at = own;
  }
  offset_ += at;
  return http::Piece(std::string_view(filled_));
}

}  // namespace m3u_proxy::outputs
