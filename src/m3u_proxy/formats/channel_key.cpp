// Channel keys: what a channel's stable id is made of.
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

/// The digits of `/[live|movie|series/]user/pass/<digits>[.ext]`, or "".
std::string_view xtream_stream_id(std::string_view path) {
  path = path.substr(0, path.find_first_of("?#|"));
  if (!path.starts_with('/')) return {};
  path.remove_prefix(1);
  for (const std::string_view kind : {"live/", "movie/", "series/"}) {
    if (!path.starts_with(kind)) continue;
    path.remove_prefix(kind.size());
    break;
  }
  for (int part = 0; part < 2; ++part) {  // user and password
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos || slash == 0) return {};
    path.remove_prefix(slash + 1);
  }
  std::size_t digits = 0;
  while (digits < path.size() && is_ascii_digit(path[digits])) ++digits;
  if (digits == 0) return {};
  const std::string_view extension = path.substr(digits);
  if (!extension.empty() && (extension.front() != '.' || extension.contains('/'))) return {};
  return path.substr(0, digits);
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
