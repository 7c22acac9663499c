// HttpResponse: the status and the few header fields of an answer that fetching goes by.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace m3u_proxy::net {

struct HttpResponse {
  int status = 0;
  std::string etag{};
  std::string last_modified{};
  std::string retry_after{};       ///< as sent: seconds or a date
  std::string content_encoding{};  ///< lower case; of several lines one list
  std::optional<std::uint64_t> content_length{};
  std::optional<std::uint64_t> range_start{};  ///< of Content-Range
  std::string excerpt{};                       ///< the first words of an error's body

  /// Takes one line of the header, with or without its line end; a status line begins anew (there
  /// may be several: 100 Continue). Unknown and damaged fields are ignored.
  void take_header_line(std::string_view line);

  /// What If-Range may name (RFC 9110, 13.1.5): a strong ETag, else Last-Modified; "" if neither.
  [[nodiscard]] std::string_view validator() const;
};

/// The number at the beginning of `text`, if it begins with one.
std::optional<std::uint64_t> leading_number(std::string_view text);

/// "Not Found" for 404; "" for what is rarely met.
std::string_view reason_phrase(int status);

}  // namespace m3u_proxy::net
