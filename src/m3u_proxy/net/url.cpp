#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/url_text.hpp>
#include <m3u_proxy/net/url.hpp>

namespace m3u_proxy::net {
namespace {

constexpr unsigned kHttpPort = 80;
constexpr unsigned kHttpsPort = 443;

}  // namespace

bool has_scheme(std::string_view text) {
  const std::size_t end = text.find("://");
  if (end == std::string_view::npos || end == 0 || !is_ascii_alpha(text.front())) return false;
  return std::ranges::all_of(text.substr(0, end), [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

Result<std::string> path_of_file_url(std::string_view url) {
  constexpr std::string_view kScheme = "file:";
  if (!starts_with_ascii_case(url, kScheme))
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is not a file URL", url));
  std::string_view rest = url.substr(kScheme.size());
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view host = rest.substr(0, slash);
    if (!host.empty() && !equals_ascii_case(host, "localhost"))
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("'{}' names a file on the machine '{}'", excerpt(url), excerpt(host)),
                  "a file URL has three slashes: file:///path");
    rest.remove_prefix(slash);
  }
  if (!rest.starts_with('/'))
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' names no file", excerpt(url)),
                "a file URL has three slashes: file:///path");
  std::string path = percent_decoded(rest);
  if (path.contains('\0'))
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' names no file", excerpt(url)));
  return path;
}

Result<Origin> origin_of(std::string_view url) {
  if (!is_http_url(url))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is not an http or https address", excerpt(redact_url(url))));
  Origin origin;
  origin.https = starts_with_ascii_case(url, "https");
  std::string_view rest = url.substr(url.find("://") + 3);
  rest = rest.substr(0, rest.find_first_of("/?#\\"));
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    origin.user_info = rest.substr(0, at);
    rest.remove_prefix(at + 1);
  }
  origin.port = origin.https ? kHttpsPort : kHttpPort;
  const std::size_t colon = rest.rfind(':');
  if (colon != std::string_view::npos && rest.find(']', colon) == std::string_view::npos) {
    const std::string_view digits = rest.substr(colon + 1);
    if (!digits.empty()) std::from_chars(digits.data(), digits.data() + digits.size(), origin.port);
    rest = rest.substr(0, colon);
  }
  origin.host = rest;
  std::ranges::transform(origin.host, origin.host.begin(), ascii_lower);
  if (origin.host.empty())
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the address '{}' has no host", excerpt(redact_url(url))),
                "write it as https://host/path");
  return origin;
}

bool shares_credentials(const Origin& from, const Origin& to) {
  if (from.host != to.host) return false;
  if (from.https == to.https) return from.port == to.port;
  return to.https && from.port == kHttpPort && to.port == kHttpsPort;
}

std::string with_user_info(std::string_view url, std::string_view user_info) {
  const std::size_t host = url.find("://") + 3;
  return fmt::format("{}{}@{}", url.substr(0, host), user_info, url.substr(host));
}

std::string without_blanks(std::string_view url) {
  std::string out;
  for (const char c : trim(url)) {
    if (c == ' ')
      out += "%20";
    else
      out += c;
  }
  return out;
}

bool is_harmless_header(std::string_view name) {
  static constexpr std::array<std::string_view, 7> kNames = {
      "accept", "accept-language", "cache-control", "pragma", "referer", "origin", "user-agent"};
  return std::ranges::any_of(kNames,
                             [&](std::string_view one) { return equals_ascii_case(name, one); });
}

}  // namespace m3u_proxy::net
