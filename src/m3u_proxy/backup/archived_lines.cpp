#include <fmt/format.h>

#include <m3u_proxy/backup/archive_layout.hpp>
#include <m3u_proxy/backup/archived_lines.hpp>

namespace m3u_proxy::backup {
namespace {

using store::portable::Kind;

/// What a parser may read behind a line (SIMDJSON_PADDING).
constexpr std::size_t kPadding = 64;
constexpr std::size_t kLargestPart = kPartSize + store::portable::kLongestLine;

}  // namespace

Result<> ArchivedLines::open_next() {
  const Kind* const before = kind_;
  M3U_TRY(entry_, archive_.next());
  kind_ = entry_ ? kind_of_part(entry_->name) : nullptr;
  at_ = end_ = 0;
  if (kind_ == nullptr) return {};
  if (before != nullptr && kind_ < before)
    return fail(ErrorCode::kParse, fmt::format("{} comes too late in the archive", entry_->name));
  return load();
}

Result<> ArchivedLines::load() {
  if (entry_->size > kLargestPart)
    return fail(ErrorCode::kParse, fmt::format("{} in the archive is too large", entry_->name));
  const auto size = static_cast<std::size_t>(entry_->size);
  if (text_.size() < size + kPadding) {
    M3U_TRY(auto room, budget_.reserve(memory::Tag::kInput, {size + kPadding}));
    text_.resize(size + kPadding);
    room_ = std::move(room);
  }
  for (std::size_t done = 0; done < size;) {
    M3U_TRY(const std::size_t read, archive_.read(std::span(text_).subspan(done, size - done)));
    done += read;
  }
  end_ = size;
  hash_.add({text_.data(), size});
  if (size > 0 && text_[size - 1] != '\n')
    return fail(ErrorCode::kParse, fmt::format("{} has no end of its last line", entry_->name));
  return {};
}

Result<const Kind*> ArchivedLines::next_kind() {
  if (!begun_) M3U_CHECK(open_next());
  begun_ = true;
  // Lines that nobody wanted are passed over.
  while (kind_ != nullptr && kind_ == given_) M3U_CHECK(open_next());
  given_ = kind_;
  if (kind_ == nullptr && !expected_.empty() && hash() != expected_)
    return fail(ErrorCode::kParse, "the archive has changed while it was read");
  return kind_;
}

Result<std::optional<std::string_view>> ArchivedLines::next_line() {
  while (at_ == end_ && kind_ != nullptr && kind_ == given_) M3U_CHECK(open_next());
  if (kind_ == nullptr || kind_ != given_) return std::nullopt;
  const std::size_t end = text_.find('\n', at_);
  const std::string_view line(text_.data() + at_, end - at_);
  at_ = end + 1;
  if (line.size() > store::portable::kLongestLine)
    return fail(ErrorCode::kParse, fmt::format("{} has a line that is too long", entry_->name));
  return line;
}

}  // namespace m3u_proxy::backup
