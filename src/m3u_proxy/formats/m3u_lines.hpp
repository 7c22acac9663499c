// Lines of a playlist: where one ends (LF, CRLF or a lone CR) and what kind it is.
//
// Pure; shared by the splitter, the reader and the writer so that all see the same lines.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <m3u_proxy/base/text.hpp>

namespace m3u_proxy::formats {

enum class LineKind : std::uint8_t {
  kSkip,       ///< a blank line, a comment, decoration (`=====x=====`)
  kHeader,     ///< #EXTM3U
  kExtinf,     ///< #EXTINF
  kGroup,      ///< #EXTGRP
  kDirective,  ///< another line of `#EXT…` or `#KODIPROP`
  kNamed,      ///< `#NAME:…`: a directive, behind the first #EXTINF
  kGenre,      ///< `Group,#genre#`
  kUrl,        ///< an address that begins with a scheme, perhaps in quotes
  kPath,       ///< another text that is an address wherever it is
  kWord,       ///< an address only where an #EXTINF waits for one
  kText,       ///< no address
};

namespace detail {
std::string_view trim_line_ends(std::string_view line);
LineKind kind_of_comment(std::string_view line);
LineKind kind_of_text(std::string_view line);

/// `http://` or `https://`, spelled so: nearly every address.
inline bool is_http(std::string_view line) {
  return line.size() > 8 && std::memcmp(line.data(), "http", 4) == 0 &&
         std::memcmp(line.data() + (line[4] == 's' ? 5 : 4), "://", 3) == 0;
}
}  // namespace detail

/// A line without the white space at its ends (no-break and ideographic spaces too) and without
/// byte order marks and zero-width spaces in front (merged and copied lists have them in the
/// middle).
inline std::string_view trim_line(std::string_view line) {
  if (line.empty()) return line;
  // Both ends are printable ASCII: nothing to drop.
  const auto is_plain = [](char c) {
    return c > ' ' && (static_cast<unsigned char>(c) & 0x80U) == 0;
  };
  if (is_plain(line.front()) && is_plain(line.back())) return line;
  return detail::trim_line_ends(line);
}

/// The kind of a line as trim_line() gives it. What an address is: docs/formats.md. A line that is
/// not valid UTF-8 has the kind of what it is as Windows-1252.
inline LineKind line_kind(std::string_view line) {
  if (line.empty()) return LineKind::kSkip;
  if (line.front() == '#') {
    if (line.starts_with("#EXTINF:")) return LineKind::kExtinf;  // nearly all are spelled so
    return detail::kind_of_comment(line);
  }
  return detail::is_http(line) ? LineKind::kUrl : detail::kind_of_text(line);
}

/// Whether such a line is an address behind an #EXTINF line.
constexpr bool is_address(LineKind kind) {
  return kind == LineKind::kUrl || kind == LineKind::kPath || kind == LineKind::kWord;
}

/// The line as UTF-8: itself where it is valid, else read as Windows-1252 into `converted`.
std::string_view as_utf8(std::string_view line, std::string& converted);

/// Whether the text begins with a scheme: `rtmp://`, and of those that need no `//` `pipe:`,
/// `magnet:`, `data:` and `file:`.
bool begins_with_scheme(std::string_view text);

/// The address within the quotes of `"http://h/x"`; "" where the line is no such one.
std::string_view without_quotes(std::string_view line);

/// Whether a directive says that the document is the HLS playlist of one stream (RFC 8216), not a
/// list of channels. Players refuse a list that holds such a line.
bool is_hls_marker(std::string_view line);

/// Where the `max_lines`-th LF is, or the last one when there are fewer.
struct LineScan {
  std::size_t end = 0;      ///< behind that LF; 0: there is none
  std::uint64_t lines = 0;  ///< LFs up to there
  bool has_cr = false;      ///< a CR precedes `end` (or, with fewer LFs, anywhere)
};
LineScan scan_lines(std::string_view text, std::uint64_t max_lines);

/// Takes lines off the front of a text. A text without CR is searched with memchr only.
class LineCursor {
 public:
  LineCursor(std::string_view text, bool has_cr) : text_(text), has_cr_(has_cr) {}

  /// Moves to the next line, without its end; false at the end of the text.
  bool next() {
    if (position_ >= text_.size()) return false;
    if (has_cr_) return next_with_cr();
    const char* const begin = text_.data() + position_;
    const std::size_t left = text_.size() - position_;
    const auto* const end = static_cast<const char*>(std::memchr(begin, '\n', left));
    terminated_ = end != nullptr;
    line_ = {begin, terminated_ ? static_cast<std::size_t>(end - begin) : left};
    position_ += line_.size() + (terminated_ ? 1U : 0U);
    return true;
  }
  [[nodiscard]] std::string_view line() const { return line_; }
  /// Whether the line was ended by CR or LF, not by the end of the text.
  [[nodiscard]] bool terminated() const { return terminated_; }
  /// Offset behind the line and its end.
  [[nodiscard]] std::size_t position() const { return position_; }

 private:
  bool next_with_cr();

  std::string_view text_;
  std::string_view line_;
  std::size_t position_ = 0;
  bool has_cr_;
  bool terminated_ = false;
};

}  // namespace m3u_proxy::formats
