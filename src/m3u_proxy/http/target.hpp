// Target: what is between method and version in a request line, taken apart and decoded.
//
// Nothing that leaves this file can climb out of a folder: segments "." and "..", in any spelling,
// and NUL or other control characters are refused. Source: RFC 3986, RFC 9112 §3.2. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace m3u_proxy::http {

/// The parts of a request target, as views into it and still encoded.
struct Target {
  std::string_view authority;  ///< of `http://host:port/path` only
  std::string_view path;       ///< begins with '/', or is "*"
  std::string_view query;      ///< without '?'
};

/// Takes origin form (`/path?query`), absolute form and `*` apart. nullopt: none of them, or a path
/// that valid_path() refuses.
std::optional<Target> split_target(std::string_view target);

/// Whether every segment of the path decodes to text that is neither "." nor "..", without control
/// characters and in valid UTF-8.
bool valid_path(std::string_view path);

/// Decodes `%41` and, where `plus_is_space`, '+'. nullopt: a '%' without two hex digits.
enum class Plus : bool { kIsPlus, kIsSpace };
std::optional<std::string> percent_decoded(std::string_view text, Plus plus);

/// The decoded value of the first parameter `name` in a query (`name=value&…`); empty for a
/// parameter without a value, nullopt when there is none or it does not decode.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

}  // namespace m3u_proxy::http
