// Request: what a client asks for, parsed and checked.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/ip_address.hpp>
#include <m3u_proxy/http/message.hpp>
#include <m3u_proxy/io/byte_source.hpp>

namespace m3u_proxy::http {

/// A `{name}` of the route's pattern, and what is in its place, decoded.
struct Parameter {
  std::string_view name;
  std::string value;
};

/// What tells a request from others in logs: the client's own X-Request-Id where that is up to 64
/// letters, digits, '-', '_', '.'; else 16 hex digits, unique in this process.
class RequestId {
 public:
  static constexpr std::size_t kLongest = 64;
  RequestId() = default;
  /// Empty where the text is none.
  explicit RequestId(std::string_view text);
  [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  std::array<char, kLongest> text_{};
  std::size_t size_ = 0;
};

/// Its views stay as long as the Request. Belongs to one thread at a time.
struct Request {
  Method method = Method::kOther;
  std::string_view method_name;
  std::string_view target;  ///< as it came
  std::string_view path;    ///< of the target, still encoded, without the listener's base path
  std::string_view query;   ///< still encoded
  std::vector<Header> headers;
  std::vector<Parameter> parameters;
  RequestId id{};
  std::optional<IpAddress> peer;  ///< of the socket; nullopt: it is a unix domain socket
  std::uint16_t local_port = 0;   ///< where it was received
  bool secure = false;            ///< came through TLS
  bool http_1_0 = false;
  std::string_view body;  ///< empty when there is a sink
  std::unique_ptr<io::ByteSink>
      sink{};  ///< what RouteOptions::open_sink gave, all of the body in it

  /// The first field of that name; empty when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const {
    return find_header(headers, name);
  }
  /// The decoded value of `{name}`; empty when the pattern has none of that name.
  [[nodiscard]] std::string_view parameter(std::string_view name) const {
    for (const Parameter& parameter : parameters)
      if (parameter.name == name) return parameter.value;
    return {};
  }
};

}  // namespace m3u_proxy::http
