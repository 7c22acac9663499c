#include <algorithm>

#include <m3u_proxy/http/body.hpp>

namespace m3u_proxy::http {
namespace {

/// Cuts `piece` down to `length` bytes from `offset` on.
Piece cut(Piece piece, std::uint64_t offset, std::uint64_t length) {
  if (const auto* text = std::get_if<std::string_view>(&piece)) return text->substr(offset, length);
  const auto file = std::get<FileRange>(piece);
  return FileRange{.fd = file.fd, .offset = file.offset + offset, .length = length};
}

class PartOfBody final : public Body {
 public:
  PartOfBody(std::unique_ptr<Body> body, std::uint64_t offset, std::uint64_t length)
      : body_(std::move(body)), size_(length), to_skip_(offset), left_(length) {}

  [[nodiscard]] std::uint64_t size() const override { return size_; }

  Result<Piece> next() override {
    while (left_ > 0) {
      M3U_TRY(const Piece piece, body_->next());
      const std::uint64_t size = size_of(piece);
      if (size == 0) return fail(ErrorCode::kInternal, "a body is shorter than it says");
      if (size <= to_skip_) {
        to_skip_ -= size;
        continue;
      }
      const std::uint64_t length = std::min(size - to_skip_, left_);
      left_ -= length;
      return cut(piece, std::exchange(to_skip_, 0), length);
    }
    return std::string_view();
  }

 private:
  std::unique_ptr<Body> body_;
  std::uint64_t size_;
  std::uint64_t to_skip_;
  std::uint64_t left_;
};

}  // namespace

std::uint64_t size_of(const Piece& piece) {
  if (const auto* text = std::get_if<std::string_view>(&piece)) return text->size();
  return std::get<FileRange>(piece).length;
}

void PieceList::add(std::string text) {
  if (text.empty()) return;
  size_ += text.size();
  const std::uint64_t length = text.size();
  parts_.push_back({.text = std::move(text), .file = nullptr, .offset = 0, .length = length});
}

void PieceList::add(std::shared_ptr<const io::Descriptor> file, std::uint64_t offset,
                    std::uint64_t length) {
  if (length == 0) return;
  size_ += length;
  parts_.push_back({.text = {}, .file = std::move(file), .offset = offset, .length = length});
}

Result<Piece> PieceList::next() {
  if (position_ == parts_.size()) return std::string_view();
  const Part& part = parts_[position_++];
  if (!part.file) return std::string_view(part.text);
  return FileRange{.fd = part.file->get(), .offset = part.offset, .length = part.length};
}

std::unique_ptr<Body> part_of(std::unique_ptr<Body> body, std::uint64_t offset,
                              std::uint64_t length) {
  return std::make_unique<PartOfBody>(std::move(body), offset, length);
}

}  // namespace m3u_proxy::http
