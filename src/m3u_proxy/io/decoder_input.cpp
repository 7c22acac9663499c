#include <algorithm>
#include <cstring>
#include <utility>

#include <m3u_proxy/io/decoder_input.hpp>

namespace m3u_proxy::io {
namespace {

constexpr std::size_t kMostPutBack = 8;

}  // namespace

Result<> DecoderInput::open(memory::Budget& budget) {
  M3U_TRY(buffer_, Buffer::allocate(budget, memory::Tag::kInput, kSize + kMostPutBack));
  return {};
}

Result<> DecoderInput::fill(ByteSource& source) {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= std::exchange(begin_, 0);
  M3U_TRY(const std::size_t n, source.read(buffer_.bytes().first(kSize).subspan(end_)));
  end_ += n;
  source_ended_ = n == 0;
  return {};
}

Result<> DecoderInput::fill_to(ByteSource& source, std::size_t size) {
  while (view().size() < size && !source_ended_) M3U_CHECK(fill(source));
  return {};
}

Result<> DecoderInput::skip(ByteSource& source, std::uint64_t size) {
  while (true) {
    const std::size_t now = std::min<std::uint64_t>(size, view().size());
    consume(now);
    size -= now;
    if (size == 0 || source_ended_) return {};
    M3U_CHECK(fill(source));
  }
}

void DecoderInput::consume(std::size_t size) {
  begin_ += size;
  taken_ += size;
}

void DecoderInput::put_back(std::string_view bytes) {
  if (begin_ < bytes.size()) {  // fill() has moved what follows to the front
    std::memmove(buffer_.data() + bytes.size(), buffer_.data() + begin_, end_ - begin_);
    end_ += bytes.size() - begin_;
    begin_ = bytes.size();
  }
  begin_ -= bytes.size();
  taken_ -= bytes.size();
  bytes.copy(buffer_.data() + begin_, bytes.size());
}

}  // namespace m3u_proxy::io
