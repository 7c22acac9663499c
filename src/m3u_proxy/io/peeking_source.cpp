#include <algorithm>
#include <cstring>

#include <m3u_proxy/io/peeking_source.hpp>

namespace m3u_proxy::io {

std::string_view PeekingSource::peek(std::size_t size) {
  size = std::min(size, head_.size());
  while (end_ < size && !ended_ && !deferred_) {
    auto n = source_->read(std::span(head_).subspan(end_, size - end_));
    if (!n) {
      deferred_ = std::move(n).error();
      break;
    }
    ended_ = *n == 0;
    end_ += *n;
  }
  return {head_.data() + begin_, end_ - begin_};
}

Result<std::size_t> PeekingSource::read(std::span<char> buffer) {
  const std::size_t peeked = std::min(buffer.size(), end_ - begin_);
  std::memcpy(buffer.data(), head_.data() + begin_, peeked);
  begin_ += peeked;
  if (peeked == buffer.size() || ended_) return peeked;
  if (peeked != 0 && deferred_) return peeked;
  if (deferred_) return fail(*deferred_);
  auto n = source_->read(buffer.subspan(peeked));
  if (n) return *n + peeked;
  if (peeked == 0) return n;
  deferred_ = std::move(n).error();
  return peeked;
}

}  // namespace m3u_proxy::io
