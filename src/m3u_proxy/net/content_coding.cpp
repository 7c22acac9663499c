#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/io/decoder_input.hpp>
#include <m3u_proxy/io/decoders.hpp>
#include <m3u_proxy/io/encoding.hpp>
#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/io/inflate.hpp>
#include <m3u_proxy/io/peeking_source.hpp>
#include <m3u_proxy/io/zip/zip_source.hpp>
#include <m3u_proxy/net/content_coding.hpp>
#include <m3u_proxy/net/fetch.hpp>

namespace m3u_proxy::net {
namespace {

// The registered codings that are not read (RFC 9110, 16.6, and its registry).
constexpr std::array<std::string_view, 7> kUnreadable = {"br",  "compress", "x-compress",  "dcb",
                                                         "dcz", "exi",      "pack200-gzip"};
constexpr Bytes kMemory = mib(2);  // what decoding takes at most, of a budget of its own
constexpr std::size_t kHead = io::PeekingSource::kMaxPeek;

/// Text as lists and guides begin; compressed data soon has a control character or is no UTF-8.
bool is_text(std::string_view head) {
  if (io::find_byte_order_mark(head) || head.starts_with("#EXT")) return true;
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  };
  if (std::ranges::any_of(head, is_control)) return false;
  // The last character may be cut.
  constexpr std::size_t kLongestCut = 3;
  for (std::size_t cut = 0; cut <= std::min(kLongestCut, head.size()); ++cut)
    if (is_valid_utf8(head.substr(0, head.size() - cut))) return true;
  return false;
}

/// RFC 1950: the method, and both bytes a multiple of 31.
bool has_zlib_header(std::string_view head) {
  if (head.size() < 2) return false;
  const auto first = static_cast<unsigned char>(head[0]);
  const auto second = static_cast<unsigned char>(head[1]);
  constexpr unsigned kDeflate = 8;
  return (first & 0x0FU) == kDeflate && (first * 256U + second) % 31 == 0;
}

/// Inflates to the end, as far as `source` goes; damage makes it no deflated data.
Result<Inflated> inflate_all(io::ByteSource& source, io::Decoder& decoder, memory::Budget& budget,
                             std::uint64_t max_bytes, io::TempFile& to) {
  io::DecoderInput input;
  M3U_CHECK(input.open(budget));
  M3U_TRY(const io::Buffer out,
          io::Buffer::allocate(budget, memory::Tag::kInput, io::DecoderInput::kSize));
  while (true) {
    const io::Decoder::Step step = decoder.decode(input.view(), out.bytes());
    input.consume(step.consumed);
    if (step.error) return Inflated::kNot;
    M3U_CHECK(check_download_size(to.size() + step.produced, max_bytes));
    M3U_CHECK(to.write({out.data(), step.produced}));
    if (step.member_ended) return Inflated::kWhole;
    if (step.consumed != 0 || step.produced != 0) continue;
    if (input.source_ended()) return to.size() == 0 ? Inflated::kNot : Inflated::kTruncated;
    const auto filled = input.fill(source);
    if (!filled && io::is_partial_input(filled.error())) return Inflated::kTruncated;
    M3U_CHECK(filled);
  }
}

}  // namespace

ContentCoding coding_of(std::string_view content_encoding) {
  ContentCoding coding = ContentCoding::kKnownByBytes;
  while (!content_encoding.empty()) {
    const std::size_t comma = std::min(content_encoding.find(','), content_encoding.size());
    const std::string_view word = trim(content_encoding.substr(0, comma));
    content_encoding.remove_prefix(std::min(comma + 1, content_encoding.size()));
    if (std::ranges::find(kUnreadable, word) != kUnreadable.end())
      return ContentCoding::kUnreadable;
    if (word == "deflate") coding = ContentCoding::kDeflate;
  }
  return coding;
}

bool is_readable_body(std::string_view head) {
  head = head.substr(0, kHead);
  return is_text(head) || io::detect_compression(head) || io::is_zip(head);
}

Result<Inflated> inflate_body(std::shared_ptr<const io::TempFile> from, std::uint64_t max_bytes,
                              io::TempFile& to) {
  memory::Budget budget(kMemory);
  M3U_CHECK(to.clear());
  io::PeekingSource source(
      io::make_inflating_source(io::make_temp_file_source(std::move(from)), budget));
  const std::string_view head = source.peek(kHead);
  if (is_readable_body(head)) return Inflated::kNot;
  const auto frame = has_zlib_header(head) ? io::DeflateFrame::kZlib : io::DeflateFrame::kNone;
  M3U_TRY(const auto decoder, io::make_deflate_decoder(budget, frame));
  return inflate_all(source, *decoder, budget, max_bytes, to);
}

}  // namespace m3u_proxy::net
