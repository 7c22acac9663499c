#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/m3u_blanks.hpp>
#include <m3u_proxy/formats/m3u_lines.hpp>

namespace m3u_proxy::formats {
namespace {

constexpr std::string_view kMark = "\xEF\xBB\xBF";  // of the byte order
constexpr std::string_view kZeroWidthSpace = "\xE2\x80\x8B";
static_assert(kMark.size() == kZeroWidthSpace.size());

}  // namespace

namespace detail {

std::string_view trim_line_ends(std::string_view line) {
  line = trim_blanks(line);
  while (line.starts_with(kMark) || line.starts_with(kZeroWidthSpace))
    line = trim_blanks(line.substr(kMark.size()));
  return line;
}

}  // namespace detail

std::string_view trim_blanks(std::string_view text) {
  text = trim(text);
  while (const std::size_t length = blank_length(text, 0)) text = trim(text.substr(length));
  while (text.ends_with(kNoBreakSpace) || text.ends_with(kIdeographicSpace)) {
    text.remove_suffix(text.ends_with(kNoBreakSpace) ? kNoBreakSpace.size()
                                                     : kIdeographicSpace.size());
    text = trim(text);
  }
  return text;
}

std::string_view detail::trim_name_ends(std::string_view text) {
  while (true) {
    text = trim_blanks(text);
    const std::size_t mark = text.starts_with(kMark) ? kMark.size() : 0;
    const std::size_t length = std::max(comma_length(text, 0), mark);
    if (length == 0) return text;
    text.remove_prefix(length);
  }
}

std::string_view as_utf8(std::string_view line, std::string& converted) {
  if (is_valid_utf8(line)) return line;
  converted.clear();
  append_windows1252(converted, line);
  return trim_line(converted);
}

bool is_hls_marker(std::string_view line) {
  return starts_with_ascii_case(line, "#EXT-X-TARGETDURATION") ||
         starts_with_ascii_case(line, "#EXT-X-STREAM-INF");
}

namespace {

/// Adds the lines of `text` from `scan.end` on, one by one.
void scan_rest(std::string_view text, std::size_t from, std::uint64_t max_lines, LineScan& scan) {
  for (std::size_t i = from; i < text.size() && scan.lines < max_lines; ++i) {
    scan.has_cr |= text[i] == '\r';
    if (text[i] != '\n') continue;
    ++scan.lines;
    scan.end = i + 1;
  }
}

}  // namespace

LineScan scan_lines(std::string_view text, std::uint64_t max_lines) {
  LineScan scan;
  std::size_t at = 0;
#ifdef __SSE2__
  // Counts 64 bytes at a time; the block in which the last line ends is gone through again.
  constexpr std::size_t kBlock = 64;
  const __m128i lf = _mm_set1_epi8('\n');
  const __m128i cr = _mm_set1_epi8('\r');
  for (; at + kBlock <= text.size(); at += kBlock) {
    __m128i lfs = _mm_setzero_si128();
    __m128i crs = _mm_setzero_si128();
    for (std::size_t i = 0; i < kBlock; i += sizeof(__m128i)) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at + i));
      lfs = _mm_sub_epi8(lfs, _mm_cmpeq_epi8(bytes, lf));
      crs = _mm_or_si128(crs, _mm_cmpeq_epi8(bytes, cr));
    }
    const __m128i sums = _mm_sad_epu8(lfs, _mm_setzero_si128());
    const auto count = static_cast<std::uint64_t>(_mm_cvtsi128_si64(sums)) +
                       static_cast<std::uint64_t>(_mm_extract_epi16(sums, 4));
    if (scan.lines + count >= max_lines) break;
    scan.lines += count;
    scan.has_cr |= _mm_movemask_epi8(crs) != 0;
  }
  if (scan.lines != 0) scan.end = text.substr(0, at).rfind('\n') + 1;
#endif
  scan_rest(text, at, max_lines, scan);
  return scan;
}

bool LineCursor::next_with_cr() {
  const std::size_t begin = position_;
  std::size_t end = text_.find_first_of("\r\n", begin);
  terminated_ = end != std::string_view::npos;
  if (!terminated_) end = text_.size();
  line_ = text_.substr(begin, end - begin);
  position_ = end;
  if (!terminated_) return true;
  const bool crlf = text_[end] == '\r' && end + 1 < text_.size() && text_[end + 1] == '\n';
  position_ += crlf ? 2 : 1;
  return true;
}

}  // namespace m3u_proxy::formats
