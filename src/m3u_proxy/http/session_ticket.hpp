// Session::Ticket: ties the Responder of a deferred request to its connection. Internal to the
// server.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include <m3u_proxy/http/responder.hpp>
#include <m3u_proxy/http/session.hpp>

namespace m3u_proxy::http {

/// Thread-safe.
class Session::Ticket final : public PendingAnswer {
 public:
  Ticket(std::shared_ptr<Mailbox> mailbox, std::uint64_t connection, std::uint64_t serial,
         std::shared_ptr<std::atomic<std::uint32_t>> waiting)
      : mailbox_(std::move(mailbox)),
        connection_(connection),
        serial_(serial),
        waiting_(std::move(waiting)) {}
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket() override { waiting_->fetch_sub(1, std::memory_order_relaxed); }

  void answer(Response response) override {
    mailbox_->post([connection = connection_, serial = serial_,
                    answer = std::move(response)](Worker& worker) mutable {
      if (Session* session = worker.find(connection))
        session->answer_deferred(serial, std::move(answer));
    });
  }
  [[nodiscard]] bool gone() const override { return gone_.load(std::memory_order_relaxed); }
  void client_left() { gone_.store(true, std::memory_order_relaxed); }

 private:
  std::shared_ptr<Mailbox> mailbox_;
  std::uint64_t connection_;
  std::uint64_t serial_;
  std::shared_ptr<std::atomic<std::uint32_t>> waiting_;
  std::atomic<bool> gone_{false};
};

}  // namespace m3u_proxy::http
