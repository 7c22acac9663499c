#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/base/text.hpp>

namespace m3u_proxy {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighs = 0x8080808080808080;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

/// The high bit of each byte of `word` that is zero, at least of the lowest such.
constexpr std::uint64_t zero_bytes(std::uint64_t word) { return (word - kOnes) & ~word & kHighs; }

/// How many bytes at the start need no escape; eight at a time (Hacker's Delight §6-1).
std::size_t plain_prefix(std::string_view text) {
  static_assert(std::endian::native == std::endian::little);
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    const std::uint64_t control = (word - kOnes * 0x20) & ~word & kHighs;
    const std::uint64_t found =
        control | zero_bytes(word ^ (kOnes * '"')) | zero_bytes(word ^ (kOnes * '\\'));
    if (found != 0) return i + static_cast<std::size_t>(std::countr_zero(found)) / 8;
  }
  while (i < text.size() && !needs_escape(text[i])) ++i;
  return i;
}

template <typename Text>
void append_escape(Text& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '\\';
  switch (c) {
    case '"':
    case '\\':
      out += c;
      return;
    case '\n':
      out += 'n';
      return;
    case '\r':
      out += 'r';
      return;
    case '\t':
      out += 't';
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += "u00";
  out += kHex[byte >> 4U];
  out += kHex[byte & 15U];
}

template <typename Text>
void append_escaped(Text& out, std::string_view text) {
  while (true) {
    const std::size_t plain = plain_prefix(text);
    out.append(text.data(), plain);
    if (plain == text.size()) return;
    append_escape(out, text[plain]);
    text.remove_prefix(plain + 1);
  }
}

/// How many bytes the character at the start has; 0 when it is none.
std::size_t character_size(std::string_view text) {
  for (std::size_t size = 1; size <= 4 && size <= text.size(); ++size)
    if (is_valid_utf8(text.substr(0, size))) return size;
  return 0;
}

template <typename Text>
void append_quoted(Text& out, std::string_view text) {
  out += '"';
  if (is_valid_utf8(text)) {
    append_escaped(out, text);
  } else {
    while (!text.empty()) {
      const std::size_t size = character_size(text);
      if (size == 0)
        out.append(kReplacement);
      else
        append_escaped(out, text.substr(0, size));
      text.remove_prefix(std::max<std::size_t>(size, 1));
    }
  }
  out += '"';
}

template <typename Text>
void append_number(Text& out, double number) {
  if (!std::isfinite(number)) {
    out.append("null");
    return;
  }
  std::array<char, 32> digits;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const auto* end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) { append_quoted(out, text); }
void append_json_string(std::pmr::string& out, std::string_view text) { append_quoted(out, text); }
void append_json_number(std::string& out, double number) { append_number(out, number); }
void append_json_number(std::pmr::string& out, double number) { append_number(out, number); }

}  // namespace m3u_proxy
