#include <charconv>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/net/http_response.hpp>

namespace m3u_proxy::net {
namespace {

/// Longer values are no validators that anybody could mean.
constexpr std::size_t kLongestValue = 1024;

/// The status of "HTTP/1.1 200 OK"; 0 when damaged.
int status_of(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return 0;
  return static_cast<int>(leading_number(trim(line.substr(space))).value_or(0));
}

/// The first byte's offset of "bytes 100-199/200".
std::optional<std::uint64_t> range_start_of(std::string_view value) {
  constexpr std::string_view kUnit = "bytes";
  if (!starts_with_ascii_case(value, kUnit)) return std::nullopt;
  return leading_number(trim(value.substr(kUnit.size())));
}

}  // namespace

std::optional<std::uint64_t> leading_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  return number;
}

void HttpResponse::take_header_line(std::string_view line) {
  line = trim(line);
  if (starts_with_ascii_case(line, "HTTP/")) {
    *this = HttpResponse{};
    status = status_of(line);
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = trim(line.substr(0, colon));
  const std::string_view value = trim(line.substr(colon + 1));
  if (value.size() > kLongestValue) return;
  if (equals_ascii_case(name, "etag")) {
    etag = value;
  } else if (equals_ascii_case(name, "last-modified")) {
    last_modified = value;
  } else if (equals_ascii_case(name, "retry-after")) {
    retry_after = value;
  } else if (equals_ascii_case(name, "content-encoding")) {
    if (!content_encoding.empty()) content_encoding += ", ";  // several lines are one list
    for (const char c : value) content_encoding += ascii_lower(c);
  } else if (equals_ascii_case(name, "content-length")) {
    content_length = leading_number(value);
  } else if (equals_ascii_case(name, "content-range")) {
    range_start = range_start_of(value);
  }
}

std::string_view HttpResponse::validator() const {
  if (!etag.empty() && !etag.starts_with("W/")) return etag;
  return last_modified;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 410:
      return "Gone";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "";
  }
}

}  // namespace m3u_proxy::net
