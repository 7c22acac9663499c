// Text: the small operations on UTF-8 and ASCII that several folders need.
//
// All functions are pure and thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace m3u_proxy {

constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
constexpr bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_ascii_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
/// Space, tab, CR, LF, vertical tab, form feed.
constexpr bool is_ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Without the ASCII white space at both ends.
constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && is_ascii_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_ascii_space(text.back())) text.remove_suffix(1);
  return text;
}

/// Equal when ASCII letters are compared without case.
constexpr bool equals_ascii_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  return true;
}
constexpr bool starts_with_ascii_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equals_ascii_case(text.substr(0, prefix.size()), prefix);
}

/// True when every byte is below 0x80.
bool is_ascii(std::string_view text);
/// True when the whole text is valid UTF-8 (RFC 3629).
bool is_valid_utf8(std::string_view text);
/// Appends `code_point` as UTF-8; surrogates and values beyond U+10FFFF become U+FFFD.
void append_utf8(std::string& out, char32_t code_point);
/// Appends `text`, read as Windows-1252, as UTF-8 (its five unassigned bytes become U+FFFD).
void append_windows1252(std::string& out, std::string_view text);

/// The start of `text` on one line for a message: control characters become spaces, invalid
/// UTF-8 becomes '?', cut after at most `limit` bytes at a character boundary with an ellipsis.
std::string excerpt(std::string_view text, std::size_t limit = 60);

/// A URL without what must not be printed: user:password@, the values of parameters that carry
/// credentials (username, password, token …), and user and password in the path of an Xtream
/// stream (/live/user/password/42.ts) become "***". Other text passes through.
std::string redact_url(std::string_view url);

/// The same for every URL inside a text: each ends at white space, a quote, a comma or `|`.
std::string redact_urls_in(std::string_view text);

/// The word among `words` that is closest to `word` (Levenshtein ≤ 2 and ≤ half its length),
/// for "did you mean"; empty when none is close.
template <typename Words>
std::string_view closest_word(std::string_view word, const Words& words);

/// Levenshtein distance in bytes, cut off above `limit` (then limit + 1).
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

template <typename Words>
std::string_view closest_word(std::string_view word, const Words& words) {
  std::size_t best = 3;
  std::string_view found;
  for (const auto& candidate : words) {
    const std::string_view text = candidate;
    const std::size_t distance = edit_distance(word, text, 2);
    if (distance < best && distance * 2 <= word.size()) {
      best = distance;
      found = text;
    }
  }
  return found;
}

}  // namespace m3u_proxy
