// XML names: which bytes and characters may be in the name of an element or attribute.
// Pure and thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <m3u_proxy/base/text.hpp>

namespace m3u_proxy::formats {

/// The four white-space characters of XML.
constexpr bool is_xml_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

/// The first byte in [p, end) that is no white space, or end.
inline const char* skip_xml_spaces(const char* p, const char* end) {
  while (p != end && is_xml_space(*p)) ++p;
  return p;
}

/// Whether XML 1.0 allows the character at all.
constexpr bool is_xml_character(char32_t c) {
  if (c < 0x20) return c == '\t' || c == '\n' || c == '\r';
  return (c < 0xD800 || c > 0xDFFF) && c != 0xFFFE && c != 0xFFFF && c <= 0x10FFFF;
}

namespace names_internal {
constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const char c = static_cast<char>(i);
    const bool start = is_ascii_alpha(c) || c == '_' || c == ':' || i >= 0x80;
    const bool inside = start || is_ascii_digit(c) || c == '-' || c == '.';
    const int any = (start ? 1 : 0) | (inside ? 2 : 0);
    classes[i] = static_cast<std::uint8_t>(i < 0x80 ? any | any << 2 : any);
  }
  return classes;
}
constexpr auto kClasses = make_classes();
}  // namespace names_internal

/// Whether a name may begin with this byte (any byte of a non-ASCII character may).
constexpr bool is_name_start_byte(char c) {
  return (names_internal::kClasses[static_cast<unsigned char>(c)] & 1U) != 0;
}
/// Whether this byte may be in a name.
constexpr bool is_name_byte(char c) {
  return (names_internal::kClasses[static_cast<unsigned char>(c)] & 2U) != 0;
}

/// The same for names that are ASCII.
constexpr bool is_ascii_name_start(char c) {
  return (names_internal::kClasses[static_cast<unsigned char>(c)] & 4U) != 0;
}
constexpr bool is_ascii_name_byte(char c) {
  return (names_internal::kClasses[static_cast<unsigned char>(c)] & 8U) != 0;
}

/// Whether every character of this name (valid UTF-8) is one that all XML 1.0 processors take.
/// Knows the letters of the common scripts; rarer ones are refused.
bool is_valid_name(std::string_view name);

/// Whether the attributes in `attributes` (the checked inside of a start tag) have one named
/// `name`.
bool has_attribute(std::string_view attributes, std::string_view name);

}  // namespace m3u_proxy::formats
