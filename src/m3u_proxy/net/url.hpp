// URLs, as far as sources need them: which kind of place it names, whose it is, and which parts
// must not be passed on. Pure functions; anything unusual is left to libcurl to judge.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::net {

/// "scheme://…" of any kind.
bool has_scheme(std::string_view text);

/// The path that a file URL names (RFC 8089: file:///a%20b, file://localhost/a, file:/a).
/// Error: kInvalidArgument when it names another machine or is no file URL.
Result<std::string> path_of_file_url(std::string_view url);

/// The parts of an http(s) URL that tell whose it is.
struct Origin {
  bool https = false;
  std::string host{};  ///< lower case
  unsigned port = 0;
  std::string user_info{};  ///< "user:password", as written; "" when there is none
};
/// Error: kInvalidArgument when it is not an http(s) URL with a host.
Result<Origin> origin_of(std::string_view url);

/// Whether what was meant for `from` may be told to `to`: the same host, scheme and port, or the
/// same host by https after http on their own ports.
bool shares_credentials(const Origin& from, const Origin& to);

/// The URL with "user:password@" put in (it has none).
std::string with_user_info(std::string_view url, std::string_view user_info);

/// Blanks, which people paste and libcurl refuses, as %20; nothing else changes.
std::string without_blanks(std::string_view url);

/// Headers that a redirect to another host may still get, since they tell nothing about the user
/// ("accept-language", "referer" …).
bool is_harmless_header(std::string_view name);

}  // namespace m3u_proxy::net
