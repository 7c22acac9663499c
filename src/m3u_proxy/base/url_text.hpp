// What is asked of the text of an address everywhere: whether the web has it, and how text is
// written into it. Source: RFC 3986. Pure and thread-safe.
#pragma once

#include <string>
#include <string_view>

#include <m3u_proxy/base/text.hpp>

namespace m3u_proxy {

/// "http://…" or "https://…", in any case.
constexpr bool is_http_url(std::string_view text) {
  return starts_with_ascii_case(text, "http://") || starts_with_ascii_case(text, "https://");
}

/// 0 … 15; -1 when it is no hexadecimal digit.
constexpr int hex_value(char c) {
  if (is_ascii_digit(c)) return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// The text with everything but letters, digits, `-._~` and what is in `also_plain` as %XX: a
/// segment of a path, or a name or value of a query.
std::string percent_encoded(std::string_view text, std::string_view also_plain = {});

/// The text with each %XX replaced by its byte; a '%' without two digits stays.
std::string percent_decoded(std::string_view text);

}  // namespace m3u_proxy
