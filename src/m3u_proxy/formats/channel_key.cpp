// Channel keys: what a channel's stable id is made of.
#include <algorithm>
#include <array>
#include <cstdint>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/m3u_blanks.hpp>
#include <m3u_proxy/formats/m3u_reader.hpp>

namespace m3u_proxy::formats {
namespace {

/// Parameters that change from one download to the next without the channel being another one
/// (docs/formats.md).
constexpr std::array<std::string_view, 40> kTokenParameters = {"token",
                                                               "sig",
                                                               "signature",
                                                               "expires",
                                                               "expiry",
                                                               "exp",
                                                               "auth",
                                                               "key",
                                                               "hash",
                                                               "hmac",
                                                               "jwt",
                                                               "md5",
                                                               "hdnea",
                                                               "hdnts",
                                                               "hdntl",
                                                               "access_token",
                                                               "playlist_token",
                                                               "auth_token",
                                                               "authtoken",
                                                               "accesstoken",
                                                               "secret",
                                                               "deviceid",
                                                               "device_id",
                                                               "policy",
                                                               "key-pair-id",
                                                               "e",
                                                               "st",
                                                               "t",
                                                               "ts",
                                                               "session",
                                                               "session_id",
                                                               "sessid",
                                                               "wmsauthsign",
                                                               "nonce",
                                                               "ticket",
                                                               "expire",
                                                               "validto",
                                                               "sign",
                                                               "securetoken",
                                                               "stoken"};

/// Whether parameters of this name are tokens whatever their value is.
bool is_token_name(std::string_view name) {
  if (starts_with_ascii_case(name, "amp;")) name.remove_prefix(4);  // of a copied web page
  constexpr std::string_view kSessionId = "sessionid";
  if (name.size() >= kSessionId.size() &&
      equals_ascii_case(name.substr(name.size() - kSessionId.size()), kSessionId))
    return true;
  if (starts_with_ascii_case(name, "X-Amz-")) return true;
  return std::ranges::any_of(
      kTokenParameters, [&](std::string_view token) { return equals_ascii_case(name, token); });
}

bool is_hex(char c) {
  return is_ascii_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
}
bool is_base64url(char c) { return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '_'; }

/// `eyJ` and two more parts of base64url behind dots.
bool is_jwt(std::string_view text) {
  return text.starts_with("eyJ") && std::ranges::count(text, '.') == 2 && !text.contains("..") &&
         !text.ends_with('.') &&
         std::ranges::all_of(text, [](char c) { return is_base64url(c) || c == '.'; });
}

/// Whether `hmac` is somewhere behind `expiry`.
bool holds_in_order(std::string_view text, std::string_view expiry, std::string_view hmac) {
  const std::size_t place = text.find(expiry);
  return place != std::string_view::npos && text.find(hmac, place) != std::string_view::npos;
}

/// `exp=…~hmac=…`, as some networks sign addresses; in a parameter also percent-encoded.
bool is_signed_list(std::string_view text) {
  if (text.contains('=') && holds_in_order(text, "exp=", "~hmac=")) return true;
  return text.contains('%') &&
         (holds_in_order(text, "exp%3D", "hmac%3D") || holds_in_order(text, "exp%3d", "hmac%3d"));
}

/// Of what is a token by its letters alone.
constexpr std::size_t kShortestToken = 24;

/// Whether the value of a parameter or a segment of a path looks like a token. A slug of words is
/// none: it is lower case, or has no digits.
bool looks_like_token(std::string_view text) {
  for (const std::string_view padding : {"=", "%3D", "%3d"})
    while (text.ends_with(padding)) text.remove_suffix(padding.size());
  if (is_jwt(text) || is_signed_list(text)) return true;
  if (text.size() < kShortestToken) return false;
  if (std::ranges::all_of(text, is_hex)) return true;
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return std::ranges::all_of(text, is_base64url) && std::ranges::any_of(text, is_upper) &&
         std::ranges::any_of(text, is_lower) && std::ranges::any_of(text, is_ascii_digit);
}

/// Which tokens are left out of a key.
enum class Tokens : std::uint8_t { kByNameAndLook, kByName };

bool is_token(std::string_view parameter, Tokens tokens) {
  const std::size_t equals = parameter.find('=');
  if (is_token_name(parameter.substr(0, equals))) return true;
  const std::string_view value =
      equals == std::string_view::npos ? parameter : parameter.substr(equals + 1);
  return tokens == Tokens::kByNameAndLook && looks_like_token(value);
}

/// The part of `text` before the first of `Ends`. (std::string_view::find_first_of() calls memchr
/// for each byte, which took longer than all the rest of a key.)
template <char... Ends>
std::string_view before(std::string_view text) {
  const auto end = std::ranges::find_if(text, [](char c) { return ((c == Ends) || ...); });
  return {text.begin(), end};
}

struct UrlParts {
  bool has_host = false;  ///< and a scheme
  std::string_view path;  ///< with query and fragment; the whole text when there is no host
};

UrlParts parts_of(std::string_view url) {
  constexpr std::string_view kHost = "://";
  const std::size_t scheme = url.find(kHost);
  if (scheme == std::string_view::npos) return {.path = url};
  url.remove_prefix(scheme + kHost.size());
  url.remove_prefix(before<'/', '?', '#'>(url).size());
  return {.has_host = true, .path = url};
}

/// Words that are part of a path, never somebody's user name or password.
constexpr std::array<std::string_view, 36> kPathWords = {
    "4k",     "app",       "audio",   "cdn",   "channel", "channels", "dash",   "edge",   "fhd",
    "hd",     "hls",       "iptv",    "live",  "media",   "movie",    "movies", "news",   "play",
    "player", "playlist",  "public",  "radio", "sd",      "series",   "sport",  "sports", "static",
    "stream", "streaming", "streams", "tv",    "uhd",     "video",    "videos", "vod",    "web"};

/// Heights of pictures: `/eu/one/1080.m3u8` is a rendition of a channel, not number 1080.
constexpr std::array<std::string_view, 15> kPictureHeights = {
    "144", "180", "240", "270",  "288",  "360",  "432", "480",
    "540", "576", "720", "1080", "1440", "2160", "4320"};

bool is_path_word(std::string_view segment) {
  return std::ranges::any_of(
      kPathWords, [&](std::string_view word) { return equals_ascii_case(segment, word); });
}

/// Whether `/first/second/<digits><extension>`, without live, movie or series before it, is an
/// Xtream account's. Other servers have paths of three parts too, and two channels with one key
/// would be one channel; so when in doubt it is not.
bool looks_like_an_account(std::string_view first, std::string_view second, std::string_view digits,
                           std::string_view extension) {
  constexpr std::size_t kLongestId = 10;
  if (digits.size() > kLongestId) return false;
  if (!extension.empty() && !equals_ascii_case(extension, ".ts") &&
      !equals_ascii_case(extension, ".m3u8"))
    return false;
  if (!extension.empty() && std::ranges::find(kPictureHeights, digits) != kPictureHeights.end())
    return false;
  if (first == digits || second == digits) return false;
  return !is_path_word(first) && !is_path_word(second);
}

/// The part of `path` before its next slash, which is dropped too; "" when there is none.
std::string_view take_segment(std::string_view& path) {
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return {};
  const std::string_view segment = path.substr(0, slash);
  path.remove_prefix(slash + 1);
  return segment;
}

/// The digits of `/[live|movie|series/]user/pass/<digits>[.ext]`, or "".
std::string_view xtream_stream_id(std::string_view path) {
  path = before<'?', '#', '|'>(path);
  if (!path.starts_with('/')) return {};
  path.remove_prefix(1);
  bool kind_is_given = false;
  for (const std::string_view kind : {"live/", "movie/", "series/"}) {
    if (!path.starts_with(kind)) continue;
    path.remove_prefix(kind.size());
    kind_is_given = true;
    break;
  }
  const std::string_view user = take_segment(path);
  const std::string_view password = take_segment(path);
  if (user.empty() || password.empty()) return {};
  const std::string_view digits(path.begin(), std::ranges::find_if_not(path, is_ascii_digit));
  if (digits.empty()) return {};
  const std::string_view extension = path.substr(digits.size());
  if (!extension.empty() && (extension.front() != '.' || extension.contains('/'))) return {};
  if (!kind_is_given && !looks_like_an_account(user, password, digits, extension)) return {};
  return digits;
}

/// Appends a segment without the tokens among its `;name=value` parameters.
void append_segment(std::string_view segment, std::string& key) {
  while (!segment.empty()) {
    const std::size_t end = std::min(segment.find(';', 1), segment.size());
    const std::string_view part = segment.substr(0, end);
    if (!part.starts_with(';') || !is_token(part.substr(1), Tokens::kByName)) key += part;
    segment.remove_prefix(end);
  }
}

/// Where the first segment of `path` ends. A signed list may have slashes in it.
std::size_t segment_end(std::string_view path) {
  std::size_t end = std::min(path.find('/', 1), path.size());
  const std::size_t expiry = path.substr(0, end).find("exp=");
  const std::size_t hmac = expiry == std::string_view::npos ? expiry : path.find("~hmac=", expiry);
  if (hmac != std::string_view::npos) end = std::min(path.find('/', hmac), path.size());
  return end;
}

/// Whether one look at each byte shows that `path` holds no token: its segments are short, and none
/// begins as a JWT or has what signed lists, padding and parameters need. What looks_like_token()
/// and segment_end() learn has to be ruled out here too.
bool is_plain(std::string_view path) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= path.size(); ++i) {
    const char c = i < path.size() ? path[i] : '/';
    if (c == ';' || c == '=' || c == '%') return false;
    if (c != '/') continue;
    if (i - begin >= kShortestToken || path.substr(begin).starts_with("eyJ")) return false;
    begin = i + 1;
  }
  return true;
}

/// Appends a path without its tokens: a segment goes with the slash before it.
void append_path(std::string_view path, Tokens tokens, std::string& key) {
  if (is_plain(path)) {
    key += path;
    return;
  }
  while (!path.empty()) {
    const std::size_t end = segment_end(path);
    const std::string_view segment = path.substr(0, end);
    const std::string_view text = segment.starts_with('/') ? segment.substr(1) : segment;
    if (tokens == Tokens::kByName || !looks_like_token(text)) append_segment(segment, key);
    path.remove_prefix(end);
  }
}

/// Appends the parameters that are no tokens, with the question mark that they need.
void append_query(std::string_view query, Tokens tokens, std::string& key) {
  char separator = '?';
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (parameter.empty() || is_token(parameter, tokens)) continue;
    key += separator;
    key += parameter;
    separator = '&';
  }
}

/// `path` is UrlParts::path.
void append_url_key(std::string_view path, std::string_view name, Tokens tokens, std::string& key) {
  path = path.substr(0, path.find('|'));
  const std::size_t question = path.find('?');
  key += "url:";
  append_path(path.substr(0, question), tokens, key);
  if (question != std::string_view::npos) append_query(path.substr(question + 1), tokens, key);
  key += '\n';
  key += name;
}

}  // namespace

std::string_view channel_key(std::string_view url, std::string_view name, std::string& space) {
  const UrlParts parts = parts_of(url);
  space.clear();
  if (const std::string_view id = parts.has_host ? xtream_stream_id(parts.path) : ""; !id.empty()) {
    space += "stream:";
    space += id;
  } else {
    append_url_key(parts.path, name, Tokens::kByNameAndLook, space);
  }
  return space;
}

std::string channel_variant_key(std::string_view url, std::string_view name,
                                std::uint64_t ordinal) {
  std::string key;
  append_url_key(parts_of(url).path, name, Tokens::kByName, key);
  // No name has a line end, so no other key is the same.
  if (ordinal > 1) key += '\n' + std::to_string(ordinal);
  return key;
}

std::string_view last_path_component(std::string_view url) {
  std::string_view path = before<'?', '#', '|'>(url);
  const auto ends_empty = [](char c) { return c == '/' || c == '\\' || is_ascii_space(c); };
  while (!path.empty() && ends_empty(path.back())) path.remove_suffix(1);
  const std::size_t slash = path.find_last_of("/\\");
  const std::string_view last = slash == std::string_view::npos ? path : path.substr(slash + 1);
  const std::string_view name = trim_name(last);
  return name.empty() ? url : name;
}

}  // namespace m3u_proxy::formats
