#include <array>
#include <cstdint>
#include <span>

#include <m3u_proxy/io/inflate.hpp>
#include <m3u_proxy/io/memory_source.hpp>
#include <m3u_proxy/web/unpack.hpp>

namespace m3u_proxy::web {
namespace {

/// A gzip file ends with the size of its content, little-endian (RFC 1952).
std::size_t unpacked_size(std::string_view packed) {
  constexpr std::size_t kTrailer = 4;
  std::size_t size = 0;
  for (std::size_t i = 0; i < kTrailer && i < packed.size(); ++i)
    size = size << 8U | static_cast<std::uint8_t>(packed[packed.size() - 1 - i]);
  return size;
}

}  // namespace

Result<std::string> unpack(std::string_view packed, memory::Budget& budget,
                           memory::Reservation& room) {
  const std::size_t size = unpacked_size(packed);
  M3U_TRY(room, budget.reserve(memory::Tag::kHttp, Bytes{size + packed.size()}));
  const auto source =
      io::make_inflating_source(std::make_unique<io::MemorySource>(std::string(packed)), budget);
  std::string text(size, '\0');
  std::size_t filled = 0;
  const auto damaged = [] {
    return fail(ErrorCode::kParse, "a part of the web interface is damaged");
  };
  while (filled < size) {
    M3U_TRY(const std::size_t n, source->read(std::span(text).subspan(filled)));
    if (n == 0) return damaged();
    filled += n;
  }
  // The checksum is behind the content.
  std::array<char, 1> more;
  M3U_TRY(const std::size_t n, source->read(more));
  if (n != 0) return damaged();
  return text;
}

}  // namespace m3u_proxy::web
