// Channel keys: what a channel's stable id is made of.
#include <algorithm>
#include <array>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/m3u_reader.hpp>

namespace m3u_proxy::formats {
namespace {

/// Parameters that change from one download to the next without the channel being another one.
constexpr std::array<std::string_view, 16> kTokenParameters = {
    "token", "sig", "signature", "expires", "exp", "auth",    "key",         "hash",
    "e",     "st",  "t",         "ts",      "sid", "session", "wmsAuthSign", "hdnts"};

bool is_token(std::string_view parameter) {
  const std::string_view name = parameter.substr(0, parameter.find('='));
  for (const std::string_view token : kTokenParameters)
    if (equals_ascii_case(name, token)) return true;
  return false;
}

/// Path, query and fragment of a URL; the whole text when it has no scheme and host.
std::string_view path_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return url;
  const std::size_t path = url.find_first_of("/?#", scheme + 3);
  return path == std::string_view::npos ? std::string_view{} : url.substr(path);
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
  path = path.substr(0, path.find_first_of("?#|"));
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
  const std::size_t end = std::min(path.find_first_not_of("0123456789"), path.size());
  const std::string_view digits = path.substr(0, end);
  if (digits.empty()) return {};
  const std::string_view extension = path.substr(end);
  if (!extension.empty() && (extension.front() != '.' || extension.contains('/'))) return {};
  if (!kind_is_given && !looks_like_an_account(user, password, digits, extension)) return {};
  return digits;
}

}  // namespace

std::string channel_key(std::string_view url, std::string_view name) {
  std::string_view path = path_of(url);
  const std::string_view id = url.contains("://") ? xtream_stream_id(path) : std::string_view{};
  if (!id.empty()) return "stream:" + std::string(id);
  std::string key = "url:";
  path = path.substr(0, path.find('|'));
  const std::size_t question = path.find('?');
  key += path.substr(0, question);
  std::string_view query =
      question == std::string_view::npos ? std::string_view{} : path.substr(question + 1);
  char separator = '?';
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (is_token(parameter)) continue;
    key += separator;
    key += parameter;
    separator = '&';
  }
  key += '\n';
  key += name;
  return key;
}

std::string_view last_path_component(std::string_view url) {
  std::string_view path = url.substr(0, url.find_first_of("?#|"));
  const auto ends_empty = [](char c) { return c == '/' || c == '\\' || is_ascii_space(c); };
  while (!path.empty() && ends_empty(path.back())) path.remove_suffix(1);
  const std::size_t slash = path.find_last_of("/\\");
  const std::string_view last = slash == std::string_view::npos ? path : path.substr(slash + 1);
  return last.empty() ? url : trim(last);
}

}  // namespace m3u_proxy::formats
