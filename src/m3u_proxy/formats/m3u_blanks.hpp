// Blanks and commas as lists have them: the ASCII ones, and those that come with text copied from
// web pages (no-break space) or typed with an East Asian keyboard (ideographic space, full-width
// comma and colon).
//
// Pure; the texts are UTF-8.
#pragma once

#include <string_view>

namespace m3u_proxy::formats {

constexpr std::string_view kNoBreakSpace = "\xC2\xA0";
constexpr std::string_view kIdeographicSpace = "\xE3\x80\x80";
constexpr std::string_view kFullWidthComma = "\xEF\xBC\x8C";
constexpr std::string_view kFullWidthColon = "\xEF\xBC\x9A";

/// Bytes of the blank at `position`; 0 when there is none.
constexpr std::size_t blank_length(std::string_view text, std::size_t position) {
  if (position >= text.size()) return 0;
  const char c = text[position];
  if (c == ' ' || c == '\t') return 1;
  if (c == kNoBreakSpace[0] && text.substr(position).starts_with(kNoBreakSpace)) return 2;
  if (c == kIdeographicSpace[0] && text.substr(position).starts_with(kIdeographicSpace)) return 3;
  return 0;
}

constexpr bool is_full_width_comma(std::string_view text, std::size_t position) {
  return position < text.size() && text[position] == kFullWidthComma[0] &&
         text.substr(position).starts_with(kFullWidthComma);
}

/// Bytes of the comma at `position`, of either width; 0 when there is none.
constexpr std::size_t comma_length(std::string_view text, std::size_t position) {
  if (position < text.size() && text[position] == ',') return 1;
  return is_full_width_comma(text, position) ? kFullWidthComma.size() : 0;
}

/// Where the blanks that begin at `position` end.
constexpr std::size_t skip_blanks(std::string_view text, std::size_t position) {
  while (const std::size_t length = blank_length(text, position)) position += length;
  return position;
}

/// Without the white space at both ends, blanks of every kind included.
std::string_view trim_blanks(std::string_view text);

namespace detail {
std::string_view trim_name_ends(std::string_view text);
}  // namespace detail

/// Without the commas, blanks and byte order marks at the front and the blanks at the end: how a
/// channel's name is taken off an #EXTINF line.
inline std::string_view trim_name(std::string_view text) {
  const auto is_plain = [](char c) { return c > ' ' && c < '\x7F' && c != ','; };
  if (!text.empty() && is_plain(text.front()) && is_plain(text.back())) return text;
  return detail::trim_name_ends(text);
}

}  // namespace m3u_proxy::formats
