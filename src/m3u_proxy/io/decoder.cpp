#include <fmt/format.h>

#include <m3u_proxy/io/decoder.hpp>
#include <m3u_proxy/io/decoders.hpp>

namespace m3u_proxy::io {
namespace {

using namespace std::string_view_literals;

bool is_bzip2(std::string_view head) {
  constexpr std::string_view kBlock = "\x31\x41"sv;
  constexpr std::string_view kEndOfStream = "\x17\x72"sv;  // an empty file has no block
  if (!head.starts_with("BZh") || head.size() < kMagicSize) return false;
  if (head[3] < '1' || head[3] > '9') return false;
  return head.substr(4).starts_with(kBlock) || head.substr(4).starts_with(kEndOfStream);
}

bool is_zstd(std::string_view head) {
  if (head.starts_with("\x28\xB5\x2F\xFD"sv)) return true;
  constexpr unsigned char kSkippable = 0x50;  // to 0x5F: frames with the user's own data
  return head.size() >= 4 && (static_cast<unsigned char>(head[0]) & 0xF0U) == kSkippable &&
         head.substr(1).starts_with("\x2A\x4D\x18"sv);
}

}  // namespace

std::string_view to_string(Compression format) {
  switch (format) {
    case Compression::kGzip:
      return "gzip";
    case Compression::kBzip2:
      return "bzip2";
    case Compression::kXz:
      return "xz";
    case Compression::kZstd:
      return "zstd";
  }
  return "";
}

std::optional<Compression> detect_compression(std::string_view head) {
  if (head.starts_with("\x1F\x8B\x08"sv)) return Compression::kGzip;
  if (head.starts_with("\xFD"
                       "7zXZ\0"sv))
    return Compression::kXz;
  if (is_zstd(head)) return Compression::kZstd;
  if (is_bzip2(head)) return Compression::kBzip2;
  return std::nullopt;
}

Result<std::unique_ptr<Decoder>> make_decoder(Compression format, memory::Budget& budget) {
  switch (format) {
    case Compression::kGzip:
      return make_deflate_decoder(budget, DeflateFrame::kGzip);
    case Compression::kBzip2:
      return make_bzip2_decoder(budget);
    case Compression::kXz:
      return make_xz_decoder(budget);
    case Compression::kZstd:
      return make_zstd_decoder(budget);
  }
  return fail(ErrorCode::kInternal, "unknown compression");
}

Error damaged(std::string_view format, std::string_view detail) {
  return Error{.code = ErrorCode::kParse,
               .message = fmt::format("the {} data is damaged ({})", format, detail),
               .where = {},
               .hint = {}};
}

}  // namespace m3u_proxy::io
