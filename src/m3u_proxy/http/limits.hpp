// Limits: what one client, and all of them together, may take. Over them: 408, 413, 414, 429, 431,
// 503 with Retry-After, or a closed connection; never growth.
#pragma once

#include <chrono>
#include <cstddef>

#include <m3u_proxy/base/bytes.hpp>

namespace m3u_proxy::http {

struct Limits {
  /// Open connections of all listeners; each takes kConnectionBytes of the Budget, reserved at the
  /// start. 0: as many as an eighth of the Budget's limit has room for, from 16 to 1024. How they
  /// are shared out among clients and doors: connection/places.hpp, connection/doors.hpp.
  std::size_t connections = 0;
  std::size_t target_bytes = 8192;      ///< of the request line; more is 414
  std::size_t head_bytes = 16384;       ///< request line and fields; more is 431
  std::size_t head_fields = 100;        ///< more is 431
  std::size_t stream_bytes = 65536;     ///< waiting in one Stream; more ends it
  std::chrono::seconds head_time{10};   ///< from the first byte to the end of the head; then 408
  std::chrono::seconds body_time{30};   ///< for a body, besides what body_rate gives it; then 408
  std::uint64_t body_rate = 8192;       ///< bytes a second that a body may at least take
  std::chrono::seconds idle_time{75};   ///< between two requests; then closed
  std::chrono::seconds write_time{20};  ///< without a byte taken by the client; then closed
  std::chrono::seconds heartbeat{15};   ///< a comment in a quiet Stream
};

/// What one connection may take of memory, TLS apart: its head, a buffer of its answer, itself.
constexpr Bytes kConnectionBytes = kib(24);
/// What a connection takes more with TLS.
constexpr Bytes kTlsBytes = kib(24);

}  // namespace m3u_proxy::http
