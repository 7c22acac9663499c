// Lines of a playlist: where one ends (LF, CRLF or a lone CR) and what kind it is.
//
// Pure; shared by the splitter and the reader so that both see the same lines.
#pragma once

#include <cstdint>
#include <string_view>

namespace m3u_proxy::formats {

/// Blank lines, comments, decoration (`=====x=====`) are kSkip.
enum class LineKind : std::uint8_t { kSkip, kHeader, kExtinf, kGroup, kDirective, kUrl };

/// A line without the white space at its ends and without a byte order mark in front (merged lists
/// have them in the middle).
std::string_view trim_line(std::string_view line);
/// The kind of a line as trim_line() gives it.
LineKind line_kind(std::string_view line);
/// Whether a directive says that the document is the HLS playlist of one stream (RFC 8216), not a
/// list of channels. Players refuse a list that holds such a line.
bool is_hls_marker(std::string_view line);

/// Takes lines off the front of a text. A text without CR is searched with memchr only.
class LineCursor {
 public:
  LineCursor(std::string_view text, bool has_cr) : text_(text), has_cr_(has_cr) {}

  /// Moves to the next line, without its end; false at the end of the text.
  bool next();
  [[nodiscard]] std::string_view line() const { return line_; }
  /// Whether the line was ended by CR or LF, not by the end of the text.
  [[nodiscard]] bool terminated() const { return terminated_; }
  /// Offset behind the line and its end.
  [[nodiscard]] std::size_t position() const { return position_; }

 private:
  std::string_view text_;
  std::string_view line_;
  std::size_t position_ = 0;
  bool has_cr_;
  bool terminated_ = false;
};

}  // namespace m3u_proxy::formats
