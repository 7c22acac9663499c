// StreamQueue: what waits to be sent in one Stream, between who writes and the connection.
// Internal to the server.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <m3u_proxy/http/worker.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::http {

/// Thread-safe.
class StreamQueue {
 public:
  /// `room` is `most` bytes, reserved; the connection is woken by its number.
  StreamQueue(std::shared_ptr<Mailbox> mailbox, std::uint64_t connection, std::size_t most,
              memory::Reservation room)
      : mailbox_(std::move(mailbox)),
        connection_(connection),
        most_(most),
        room_(std::move(room)) {}

  bool send(std::string_view bytes);
  void close();
  bool closed();

  // The connection's side:
  /// Takes out all that waits.
  std::string take();
  enum class State : std::uint8_t {
    kOpen,
    kClosed,    ///< by the writer: ends after what waits
    kOverflow,  ///< the client did not read fast enough: ends now
    kGone,      ///< by the client
  };
  State state();
  void end();

 private:
  void wake();  // under the lock

  std::mutex mutex_;
  std::shared_ptr<Mailbox> mailbox_;
  std::uint64_t connection_;
  std::size_t most_;
  memory::Reservation room_;
  std::string bytes_;
  State state_ = State::kOpen;
  bool woken_ = false;
};

}  // namespace m3u_proxy::http
