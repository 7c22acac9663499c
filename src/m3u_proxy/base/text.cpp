#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include <simdjson.h>

#include <m3u_proxy/base/line_text.hpp>
#include <m3u_proxy/base/text.hpp>

namespace m3u_proxy {

bool is_ascii(std::string_view text) {
  const char* p = text.data();
  std::size_t left = text.size();
  while (left >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, 8);
    if ((word & 0x8080808080808080ULL) != 0) return false;
    p += 8;
    left -= 8;
  }
  for (; left != 0; --left, ++p)
    if ((static_cast<unsigned char>(*p) & 0x80U) != 0) return false;
  return true;
}

bool is_valid_utf8(std::string_view text) {
  if (text.size() < 64 && is_ascii(text)) return true;
  return simdjson::validate_utf8(text.data(), text.size());
}

void append_utf8(std::string& out, char32_t c) {
  if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) c = 0xFFFD;
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0U | (c >> 6U));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0U | (c >> 12U));
    out += static_cast<char>(0x80U | ((c >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  } else {
    out += static_cast<char>(0xF0U | (c >> 18U));
    out += static_cast<char>(0x80U | ((c >> 12U) & 0x3FU));
    out += static_cast<char>(0x80U | ((c >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  }
}

void append_windows1252(std::string& out, std::string_view text) {
  // The bytes 0x80 to 0x9F; all others are the same in Latin-1 and Unicode.
  static constexpr std::array<char32_t, 32> kHigh = {
      0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
      0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD, 0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
      0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80)
      out += c;
    else if (byte < 0xA0)
      append_utf8(out, kHigh[byte - 0x80U]);
    else
      append_utf8(out, byte);
  }
}

std::string excerpt(std::string_view text, std::size_t limit) {
  text = trim(text);
  const bool cut = text.size() > limit;
  std::size_t end = std::min(text.size(), limit);
  if (cut)
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  std::string out(text.substr(0, end));
  blank_controls(out);
  if (!is_valid_utf8(out))
    for (char& c : out)
      if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  if (cut) out += "…";
  return out;
}

namespace {

bool carries_credentials(std::string_view parameter) {
  static constexpr std::array<std::string_view, 12> kNames = {
      "username", "user", "password", "pass", "token",   "auth",
      "key",      "sig",  "hash",     "pwd",  "api_key", "apikey"};
  return std::ranges::any_of(
      kNames, [&](std::string_view name) { return equals_ascii_case(parameter, name); });
}

// Appends a URL's query with its '?', the values of parameters with credentials left out.
void append_redacted_query(std::string& out, std::string_view query) {
  char separator = '?';
  while (true) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    const std::size_t equals = parameter.find('=');
    out += separator;
    if (equals != std::string_view::npos && carries_credentials(parameter.substr(0, equals))) {
      out += parameter.substr(0, equals);
      out += "=***";
    } else {
      out += parameter;
    }
    if (end == query.size()) return;
    query.remove_prefix(end + 1);
    separator = '&';
  }
}

// The stream addresses of Xtream servers carry user and password as parts of the path:
// /[live|movie|series/]user/password/<digits>[.extension]. The place of the user, or
// npos when `path` is none.
std::size_t path_credentials(std::string_view path) {
  static constexpr std::array<std::string_view, 3> kKinds = {"/live", "/movie", "/series"};
  std::size_t start = 0;
  for (const std::string_view kind : kKinds)
    if (path.starts_with(kind) && path.substr(kind.size()).starts_with('/')) start = kind.size();
  if (std::ranges::count(path.substr(start), '/') != 3 || path[start] != '/')
    return std::string_view::npos;
  std::string_view id = path.substr(path.rfind('/') + 1);
  id = id.substr(0, id.find('.'));
  const bool digits = !id.empty() && std::ranges::all_of(id, is_ascii_digit);
  return digits ? start + 1 : std::string_view::npos;
}

void append_redacted_path(std::string& out, std::string_view path) {
  const std::size_t user = path_credentials(path);
  if (user == std::string_view::npos) {
    out += path;
    return;
  }
  out += path.substr(0, user);
  out += "***/***";
  out += path.substr(path.rfind('/'));
}

}  // namespace

std::string redact_url(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  std::string out(url.substr(0, scheme + 3));
  std::string_view rest = url.substr(scheme + 3);
  // An account's password is often pasted with its own '/' and '?'.
  const std::string_view name = url.substr(0, scheme);
  const bool account = name.ends_with("xtream") || name.ends_with("xtreams");
  const std::size_t secret = account ? rest.rfind('@') + 1 : 0;
  const std::size_t authority = std::min(rest.find_first_of("/?#", secret), rest.size());
  const std::size_t at = rest.substr(0, authority).rfind('@');
  if (at != std::string_view::npos) out += "***@";
  const std::size_t host = at == std::string_view::npos ? 0 : at + 1;
  out += rest.substr(host, authority - host);
  rest.remove_prefix(authority);

  // Where the fragment begins nothing is a parameter any more.
  const std::size_t fragment = std::min(rest.find('#'), rest.size());
  const std::size_t query = std::min(rest.find('?'), fragment);
  append_redacted_path(out, rest.substr(0, query));
  if (query != fragment) append_redacted_query(out, rest.substr(query + 1, fragment - query - 1));
  out += rest.substr(fragment);
  return out;
}

namespace {

/// Where a URL ends that begins in `text` before `from`: what ends a sentence behind it is no part
/// of it, and would hide from redact_url() that a path ends in the number of a stream.
std::size_t end_of_url(std::string_view text, std::size_t from) {
  const std::size_t end = std::min(text.find_first_of(" \t\"',|<>", from), text.size());
  const std::size_t last = text.substr(0, end).find_last_not_of(".:;!?)]}");
  return last == std::string_view::npos || last < from ? end : last + 1;
}

}  // namespace

std::string redact_urls_in(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t separator = text.find("://");
    if (separator == std::string_view::npos) break;
    std::size_t begin = separator;
    while (begin > 0 && is_ascii_alpha(text[begin - 1])) --begin;
    const std::size_t end = end_of_url(text, separator);
    out += text.substr(0, begin);
    out += redact_url(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
  out += text;
  return out;
}

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > limit) return limit + 1;
  std::vector<std::size_t> row(a.size() + 1);
  for (std::size_t i = 0; i <= a.size(); ++i) row[i] = i;
  for (std::size_t j = 1; j <= b.size(); ++j) {
    std::size_t diagonal = row[0];
    row[0] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
      const std::size_t above = row[i];
      row[i] = std::min({above + 1, row[i - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return std::min(row[a.size()], limit + 1);
}

}  // namespace m3u_proxy
