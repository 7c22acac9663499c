// HttpTransfer: one request and its answer over libcurl; no redirects, no second try.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/net/address_guard.hpp>
#include <m3u_proxy/net/http_response.hpp>

namespace m3u_proxy::net {

struct HttpExchange {
  std::string url{};
  std::vector<std::string> header_lines{};  ///< "Name: value"
  std::string user_agent{};
  std::chrono::milliseconds connect_timeout{};
  std::chrono::milliseconds stall_timeout{};
  std::chrono::milliseconds longest{};  ///< 0: as long as bytes come
  const CancelToken* cancel = nullptr;  ///< may be nullptr
  const AddressGuard* guard = nullptr;  ///< whom it may connect to; nullptr: anybody
  /// Called once before the first byte of the body; an error ends the exchange with it.
  std::function<Result<>(const HttpResponse&)> on_body_start{};
  /// The body's bytes when the status is 200 or 206; an error ends the exchange with it.
  std::function<Result<>(std::string_view)> on_body{};
};

/// How an exchange ended.
struct HttpOutcome {
  enum class End : std::uint8_t {
    kComplete,   ///< the answer came whole, whatever its status
    kTransient,  ///< the network failed in a way that may pass: `error` says how
    kFinal,      ///< it will fail again: `error` says how (callbacks' errors, cancelled, TLS …)
  };
  End end = End::kComplete;
  HttpResponse response{};
  std::string redirect_url{};  ///< absolute; of a 3xx with a Location
  Error error{};               ///< not of kComplete
};

/// A connection that is kept for further exchanges with the same host, and its cookies.
/// Not thread-safe.
class HttpTransfer {
 public:
  /// Error: kNetwork when libcurl is not there.
  static Result<std::unique_ptr<HttpTransfer>> create();
  HttpTransfer() = default;
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;
  virtual ~HttpTransfer() = default;

  /// Looks at the cancel token ten times a second.
  virtual HttpOutcome perform(const HttpExchange& exchange) = 0;
};

}  // namespace m3u_proxy::net
