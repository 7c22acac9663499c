#include <algorithm>

#include <m3u_proxy/base/html_entities.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_names.hpp>
#include <m3u_proxy/formats/xmltv_references.hpp>

namespace m3u_proxy::formats {

std::string_view reference_body(const char* p, const char* end) {
  constexpr std::ptrdiff_t kLongest = 40;
  const char* const limit = std::min(end, p + kLongest);
  const char* q = p + 1;
  while (q != limit && (is_ascii_digit(*q) || is_ascii_alpha(*q) || *q == '#')) ++q;
  if (q == limit || *q != ';' || q == p + 1) return {};
  const std::string_view body(p + 1, static_cast<std::size_t>(q - p - 1));
  if (is_ascii_digit(body[0]) || body.find('#', 1) != std::string_view::npos) return {};
  return body;
}

std::optional<char32_t> numeric_reference(std::string_view body) {
  const bool hex = body.size() > 1 && body[1] == 'x';
  body.remove_prefix(hex ? 2 : 1);
  if (body.empty()) return std::nullopt;
  char32_t value = 0;
  for (const char c : body) {
    const char lower = ascii_lower(c);
    if (is_ascii_digit(c))
      value = value * (hex ? 16 : 10) + static_cast<char32_t>(c - '0');
    else if (hex && lower >= 'a' && lower <= 'f')
      value = value * 16 + static_cast<char32_t>(lower - 'a' + 10);
    else
      return std::nullopt;
    if (value > 0x10FFFF) return std::nullopt;
  }
  return is_xml_character(value) ? std::optional(value) : std::nullopt;
}

std::string_view predefined_entity(std::string_view name) {
  if (name == "amp") return "&";
  if (name == "lt") return "<";
  if (name == "gt") return ">";
  if (name == "quot") return "\"";
  if (name == "apos") return "'";
  return {};
}

std::size_t append_reference(std::pmr::string& out, const char* p, const char* end) {
  const std::string_view body = reference_body(p, end);
  std::string_view text = predefined_entity(body);
  if (text.empty()) text = html_entity(body);
  if (body.starts_with('#')) {
    std::string character;
    if (const auto value = numeric_reference(body)) append_utf8(character, *value);
    out += character;
  } else if (text.empty()) {
    out += '&';
    return 1;
  } else {
    out += text;
  }
  return body.size() + 2;
}

}  // namespace m3u_proxy::formats
