// The words of HTTP that requests and answers share: methods, status codes, header fields.
//
// Source: RFC 9110 and RFC 9112. All functions are pure and thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <m3u_proxy/base/text.hpp>

namespace m3u_proxy::http {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };
constexpr std::size_t kMethodCount = static_cast<std::size_t>(Method::kOther) + 1;

/// The method of that name (case counts); kOther for every name that is not in the list.
Method method_of(std::string_view name);
/// "GET" …; "OTHER" for kOther.
std::string_view to_string(Method method);

/// "Not Found" for 404; "Status" for a code that has no name here.
std::string_view reason_of(int status);
/// Whether an answer of that status never has a body: 1xx, 204, 304.
constexpr bool has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

/// One header field of a request: views into memory of the request, without the white space around
/// the value.
struct Header {
  std::string_view name;
  std::string_view value;
};
using Headers = std::span<const Header>;

/// The value of the first field of that name (any case); empty when there is none.
std::string_view find_header(Headers headers, std::string_view name);
[[nodiscard]] bool has_header(Headers headers, std::string_view name);

/// Calls `use(element)` for every element of the comma-separated lists in all fields of that name,
/// in order, without white space around it; empty elements are left out. Commas inside quotes
/// belong to their element.
template <typename Use>
void for_each_element(Headers headers, std::string_view name, Use use);

/// The next element of a comma-separated list, taken off its front; empty at the end only.
std::string_view next_element(std::string_view& list);

template <typename Use>
void for_each_element(Headers headers, std::string_view name, Use use) {
  for (const Header& header : headers) {
    if (!equals_ascii_case(header.name, name)) continue;
    std::string_view rest = header.value;
    for (auto element = next_element(rest); !element.empty(); element = next_element(rest))
      use(element);
  }
}

}  // namespace m3u_proxy::http
