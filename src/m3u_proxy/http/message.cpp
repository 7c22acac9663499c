#include <algorithm>
#include <array>
#include <utility>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/http/message.hpp>
#include <m3u_proxy/http/request.hpp>

namespace m3u_proxy::http {
namespace {

constexpr std::array<std::string_view, kMethodCount> kMethods = {
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"};

constexpr std::pair<int, std::string_view> kReasons[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

}  // namespace

Method method_of(std::string_view name) {
  for (std::size_t i = 0; i + 1 < kMethods.size(); ++i)
    if (kMethods[i] == name) return static_cast<Method>(i);
  return Method::kOther;
}

std::string_view to_string(Method method) { return kMethods[static_cast<std::size_t>(method)]; }

std::string_view reason_of(int status) {
  for (const auto& [code, reason] : kReasons)
    if (code == status) return reason;
  return "Status";
}

std::string_view find_header(Headers headers, std::string_view name) {
  for (const Header& header : headers)
    if (equals_ascii_case(header.name, name)) return header.value;
  return {};
}

bool has_header(Headers headers, std::string_view name) {
  for (const Header& header : headers)
    if (equals_ascii_case(header.name, name)) return true;
  return false;
}

std::string_view next_element(std::string_view& list) {
  while (!list.empty()) {
    std::size_t end = 0;
    bool quoted = false;
    for (; end < list.size() && (quoted || list[end] != ','); ++end) {
      if (list[end] == '"') quoted = !quoted;
      if (quoted && list[end] == '\\' && end + 1 < list.size()) ++end;
    }
    const std::string_view element = trim(list.substr(0, end));
    list.remove_prefix(end < list.size() ? end + 1 : list.size());
    if (!element.empty()) return element;
  }
  return {};
}

RequestId::RequestId(std::string_view text) {
  const auto is_safe = [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '_' || c == '.';
  };
  if (text.size() > kLongest || !std::ranges::all_of(text, is_safe)) return;
  std::ranges::copy(text, text_.begin());
  size_ = text.size();
}

}  // namespace m3u_proxy::http
