// Responder: answers a deferred request from any thread. The connection may be gone by then.
#pragma once

#include <memory>

namespace m3u_proxy::http {

struct Response;

/// The server's side of it: what a Responder gives its answer to.
class PendingAnswer {
 public:
  PendingAnswer() = default;
  PendingAnswer(const PendingAnswer&) = delete;
  PendingAnswer& operator=(const PendingAnswer&) = delete;
  virtual ~PendingAnswer() = default;
  virtual void answer(Response response) = 0;
  [[nodiscard]] virtual bool gone() const = 0;
};

/// Movable. Without an answer at its end it answers 500.
class Responder {
 public:
  explicit Responder(std::shared_ptr<PendingAnswer> pending) : pending_(std::move(pending)) {}
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&& other) noexcept;
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  ~Responder();

  /// Sends the answer, once; after that, and when the client is gone, it does nothing.
  void send(Response response);
  /// Whether the client went away: what works for it may stop. Thread-safe.
  [[nodiscard]] bool gone() const { return !pending_ || pending_->gone(); }

 private:
  std::shared_ptr<PendingAnswer> pending_;
};

}  // namespace m3u_proxy::http
