// What a line of a playlist is: the kinds that are not seen at its first bytes.
#include <algorithm>
#include <array>
#include <string>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/m3u_blanks.hpp>
#include <m3u_proxy/formats/m3u_lines.hpp>

namespace m3u_proxy::formats {
namespace {

bool is_word_character(char c) {
  return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '_';
}

/// Whether the text behind `#EXTINF` goes on as that of an #EXTINF line: `:-1`, ` :-1`, ` -1`,
/// `-1`,
/// `,Name`; not as another word (`#EXTINFO`, `#EXTINF-X`).
bool goes_on_as_extinf(std::string_view rest) {
  if (rest.empty() || !is_word_character(rest.front())) return true;
  if (is_ascii_digit(rest.front())) return true;
  return rest.front() == '-' && rest.size() > 1 && is_ascii_digit(rest[1]);
}

/// `#NAME:` in capitals, digits and hyphens, but for those that are comments by their meaning.
bool is_named(std::string_view line) {
  if (line.size() < 2 || line[1] < 'A' || line[1] > 'Z') return false;
  std::size_t end = 2;
  const auto is_name = [](char c) {
    return (c >= 'A' && c <= 'Z') || is_ascii_digit(c) || c == '-';
  };
  while (end < line.size() && is_name(line[end])) ++end;
  if (end == 2 || end == line.size() || line[end] != ':') return false;
  const std::string_view name = line.substr(1, end - 1);
  return name != "PLAYLIST" && name != "NOTE" && !line.substr(end).starts_with("://");
}

/// Whether a character of the text, which begins with it, is punctuation or a symbol.
bool begins_with_punctuation(std::string_view text, std::size_t& length) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (lead < 0x80)
    return lead > ' ' && lead != 0x7F && !is_ascii_alpha(text[0]) && !is_ascii_digit(text[0]);
  if (length > text.size()) return false;
  std::uint32_t code = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) code = code << 6U | (byte(i) & 0x3FU);
  struct Range {
    std::uint32_t first;
    std::uint32_t last;
  };
  // Latin-1's, general punctuation, arrows to dingbats and further symbols, CJK's, small and
  // full-width forms, pictographs.
  static constexpr std::array kRanges = {
      Range{0xA1, 0xA9},      Range{0xAB, 0xB1},     Range{0xB4, 0xB4},     Range{0xB6, 0xB8},
      Range{0xBB, 0xBB},      Range{0xBF, 0xBF},     Range{0xD7, 0xD7},     Range{0xF7, 0xF7},
      Range{0x2010, 0x2027},  Range{0x2030, 0x205E}, Range{0x2190, 0x2BFF}, Range{0x2E00, 0x2E7F},
      Range{0x3001, 0x3004},  Range{0x3008, 0x3020}, Range{0x3030, 0x3030}, Range{0xFE10, 0xFE6F},
      Range{0xFF01, 0xFF0F},  Range{0xFF1A, 0xFF20}, Range{0xFF3B, 0xFF40}, Range{0xFF5B, 0xFF65},
      Range{0x1F000, 0x1FAFF}};
  return std::ranges::any_of(kRanges,
                             [&](const Range& r) { return code >= r.first && code <= r.last; });
}

/// Three or more equal punctuation characters at the front, and no address behind them.
bool is_decoration(std::string_view line) {
  std::size_t length = 0;
  if (!begins_with_punctuation(line, length)) return false;
  const std::string_view first = line.substr(0, length);
  return line.substr(length).starts_with(first) && line.substr(2 * length).starts_with(first) &&
         !line.contains("://");
}

bool is_genre(std::string_view line) {
  constexpr std::string_view kGenre = "#genre#";
  if (line.size() <= kGenre.size()) return false;
  const std::size_t begin = line.size() - kGenre.size();
  if (!equals_ascii_case(line.substr(begin), kGenre)) return false;
  const std::string_view group = trim_blanks(line.substr(0, begin));
  return group.ends_with(',') || group.ends_with(kFullWidthComma);
}

bool is_quote(char c) { return c == '"' || c == '\''; }

/// Whether the line begins with a quote or has `="`: the rest of an #EXTINF line, no address.
bool has_value(std::string_view line) {
  if (line.empty()) return false;
  if (is_quote(line.front())) return true;
  for (std::size_t at = line.find('='); at != std::string_view::npos; at = line.find('=', at + 1))
    if (at + 1 < line.size() && is_quote(line[at + 1])) return true;
  return false;
}

/// `/`, `\`, `./`, `../` or a drive letter.
bool begins_as_path(std::string_view line) {
  const auto is_slash = [&](std::size_t i) {
    return i < line.size() && (line[i] == '/' || line[i] == '\\');
  };
  const bool is_escape = line.size() > 1 && is_quote(line[1]);  // the rest of a value: `\"X\" y",N`
  if (is_slash(0)) return line[0] == '/' || !is_escape;
  if (line.starts_with("..")) return is_slash(2);
  if (line.front() == '.') return is_slash(1);
  return is_ascii_alpha(line.front()) && line.size() > 1 && line[1] == ':' && is_slash(2);
}

/// `.` and two to five letters or digits.
bool ends_in_extension(std::string_view text) {
  constexpr std::size_t kShortest = 2;
  constexpr std::size_t kLongest = 5;
  std::size_t length = 0;
  while (length < text.size() && length <= kLongest) {
    const char c = text[text.size() - 1 - length];
    if (!is_ascii_alpha(c) && !is_ascii_digit(c)) break;
    ++length;
  }
  return length >= kShortest && length <= kLongest && length < text.size() &&
         text[text.size() - 1 - length] == '.';
}

/// Without `|header=value`, which belongs to an address and may hold anything.
std::string_view without_headers(std::string_view line) {
  const std::size_t bar = line.find('|');
  if (bar == std::string_view::npos) return line;
  std::size_t end = bar + 1;
  while (end < line.size() && is_word_character(line[end])) ++end;
  const bool has_header = end > bar + 1 && end < line.size() && line[end] == '=';
  return has_header ? trim_blanks(line.substr(0, bar)) : line;
}

bool has_blank(std::string_view text) {
  return text.find_first_of(" \t") != std::string_view::npos || text.contains(kNoBreakSpace) ||
         text.contains(kIdeographicSpace);
}

}  // namespace

bool begins_with_scheme(std::string_view text) {
  if (text.empty() || !is_ascii_alpha(text.front())) return false;
  std::size_t end = 1;
  const auto is_scheme = [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '+' || c == '-' || c == '.';
  };
  while (end < text.size() && is_scheme(text[end])) ++end;
  const std::string_view rest = text.substr(end);
  if (rest.starts_with("://")) return true;
  if (!rest.starts_with(':') || rest.size() == 1 || blank_length(rest, 1) != 0) return false;
  static constexpr std::array<std::string_view, 4> kWithoutSlashes = {"pipe", "magnet", "data",
                                                                      "file"};
  return std::ranges::any_of(kWithoutSlashes, [&](std::string_view scheme) {
    return equals_ascii_case(text.substr(0, end), scheme);
  });
}

std::string_view without_quotes(std::string_view line) {
  if (line.size() < 2 || !is_quote(line.front()) || line.back() != line.front()) return {};
  const std::string_view inside = line.substr(1, line.size() - 2);
  return begins_with_scheme(inside) && !inside.contains(line.front()) ? inside : std::string_view();
}

namespace detail {

LineKind kind_of_comment(std::string_view line) {
  // Blanks beyond ASCII behind the `#` are other characters in Windows-1252.
  if (line.size() > 1 && (static_cast<unsigned char>(line[1]) & 0x80U) != 0) {
    std::string converted;
    const std::string_view utf8 = as_utf8(line, converted);
    if (utf8.data() != line.data()) return line_kind(utf8);
  }
  constexpr std::string_view kExtinf = "EXTINF";
  const std::string_view word = line.substr(skip_blanks(line, 1));
  if (starts_with_ascii_case(word, kExtinf) && goes_on_as_extinf(word.substr(kExtinf.size())))
    return LineKind::kExtinf;
  constexpr std::string_view kHeader = "EXTM3U";
  if (starts_with_ascii_case(word, kHeader)) {
    // `# EXTM3U8 made by …` is a comment.
    const bool is_glued = word.size() + 1 == line.size();
    if (is_glued || word.size() == kHeader.size() || blank_length(word, kHeader.size()) != 0)
      return LineKind::kHeader;
  }
  constexpr std::string_view kGroup = "#EXTGRP";
  if (starts_with_ascii_case(line, kGroup) &&
      (line.size() == kGroup.size() || !is_word_character(line[kGroup.size()])))
    return LineKind::kGroup;
  if (starts_with_ascii_case(line, "#EXT") || starts_with_ascii_case(line, "#KODIPROP"))
    return LineKind::kDirective;
  return is_named(line) ? LineKind::kNamed : LineKind::kSkip;
}

LineKind kind_of_text(std::string_view line) {
  if (begins_with_scheme(line)) return LineKind::kUrl;
  std::string converted;
  const std::string_view utf8 = as_utf8(line, converted);
  if (utf8.data() != line.data()) return line_kind(utf8);
  if (is_decoration(line)) return LineKind::kSkip;
  if (is_genre(line)) return LineKind::kGenre;
  if (begins_as_path(line)) return LineKind::kPath;
  if (!without_quotes(line).empty()) return LineKind::kUrl;
  line = without_headers(line);
  if (has_value(line)) return LineKind::kText;
  const bool has_slash = line.find_first_of("/\\") != std::string_view::npos;
  if (has_blank(line))
    return has_slash && ends_in_extension(line) ? LineKind::kPath : LineKind::kText;
  return has_slash || ends_in_extension(line) ? LineKind::kPath : LineKind::kWord;
}

}  // namespace detail
}  // namespace m3u_proxy::formats
