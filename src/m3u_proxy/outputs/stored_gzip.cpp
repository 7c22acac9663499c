#include <algorithm>
#include <span>
#include <string_view>

#include <isa-l/crc.h>

#include <m3u_proxy/outputs/stored_gzip.hpp>

namespace m3u_proxy::outputs {
namespace {

using std::string_view_literals::operator""sv;

/// Magic, deflate, no flags, no time, fastest, Unix.
constexpr std::string_view kHead = "\x1F\x8B\x08\0\0\0\0\0\x04\x03"sv;
constexpr std::uint64_t kFrame = 5;  // of a block
constexpr std::uint64_t kTail = 8;
constexpr std::uint64_t kLargestBlock = StoredGzip::kMemory - kHead.size() - kFrame - kTail;
static_assert(kLargestBlock <= 65535);

void append_number(std::string& out, std::uint64_t number, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>(number >> (8U * i) & 0xFFU);
}

std::uint64_t blocks_of(std::uint64_t size) {
  return std::max<std::uint64_t>(1, (size + kLargestBlock - 1) / kLargestBlock);
}

}  // namespace

StoredGzip::StoredGzip(std::unique_ptr<http::Body> plain)
    : plain_(std::move(plain)), plain_size_(plain_->size()), rest_(std::string_view()) {
  block_.reserve(kMemory);
}

std::uint64_t StoredGzip::size() const {
  return kHead.size() + blocks_of(plain_size_) * kFrame + plain_size_ + kTail;
}

/// Appends that many plain bytes to the block.
Result<> StoredGzip::append(std::size_t bytes) {
  while (bytes > 0) {
    if (http::size_of(rest_) == 0) {
      M3U_TRY(rest_, plain_->next());
      if (http::size_of(rest_) == 0)
        return fail(ErrorCode::kIo, "a published file has become shorter");
    }
    if (auto* const text = std::get_if<std::string_view>(&rest_)) {
      const std::string_view part = text->substr(0, bytes);
      block_ += part;
      text->remove_prefix(part.size());
      bytes -= part.size();
      continue;
    }
    auto& range = std::get<http::FileRange>(rest_);
    const std::size_t at = block_.size();
    block_.resize(at + static_cast<std::size_t>(std::min<std::uint64_t>(bytes, range.length)));
    M3U_TRY(const std::size_t read,
            io::read_some_at(range.fd, range.offset, std::span(block_).subspan(at),
                             "cannot read a published file"));
    if (read == 0) return fail(ErrorCode::kIo, "a published file has become shorter");
    block_.resize(at + read);
    range.offset += read;
    range.length -= read;
    bytes -= read;
  }
  return {};
}

Result<http::Piece> StoredGzip::next() {
  block_.clear();
  if (ended_) return http::Piece(std::string_view());
  if (done_ == 0) block_ += kHead;
  const std::uint64_t size = std::min(plain_size_ - done_, kLargestBlock);
  ended_ = done_ + size == plain_size_;
  block_ += ended_ ? '\1' : '\0';
  append_number(block_, size, 2);
  append_number(block_, ~size, 2);
  const std::size_t begin = block_.size();
  M3U_CHECK(append(static_cast<std::size_t>(size)));
  checksum_ = crc32_gzip_refl(checksum_,
                              reinterpret_cast<const unsigned char*>(block_.data() + begin), size);
  done_ += size;
  if (ended_) {
    append_number(block_, checksum_, 4);
    append_number(block_, plain_size_, 4);
  }
  return http::Piece(std::string_view(block_));
}

}  // namespace m3u_proxy::outputs
