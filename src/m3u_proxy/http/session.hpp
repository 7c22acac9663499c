// Session: one connection: reads a request, has it handled, sends the answer, and begins anew.
// Internal to the server.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/http/answer_writer.hpp>
#include <m3u_proxy/http/connection/channel.hpp>
#include <m3u_proxy/http/connection/event_loop.hpp>
#include <m3u_proxy/http/exchange.hpp>
#include <m3u_proxy/http/worker.hpp>

namespace m3u_proxy::http {

class StreamQueue;

/// Belongs to its Worker's thread.
class Session final : public ReadyHandler, public std::enable_shared_from_this<Session> {
 public:
  Session(Worker& worker, const Listener& listener, std::uint64_t number, io::Descriptor socket,
          std::optional<IpAddress> peer, const Guest& guest);
  ~Session() override;

  /// Begins. Error: kOverBudget, or kIo when TLS can't.
  Result<> start();
  void on_ready(Direction direction) override;
  /// Something that it waits for from another thread is there.
  void wake();
  /// Takes the answer of the deferred request `serial`, if that is the one it waits for.
  void answer_deferred(std::uint64_t serial, Response response);
  /// When its deadline is over.
  void on_deadline();
  [[nodiscard]] std::int64_t deadline() const { return deadline_; }
  [[nodiscard]] const Guest& guest() const { return guest_; }
  /// Since when it is one of its Worker's waiting().
  [[nodiscard]] std::int64_t waits_since() const { return waits_since_; }
  /// Of one that waits: whether it may be closed for another, as nothing has come that was not read
  /// yet. While a refusal is sent what comes does not count.
  [[nodiscard]] bool may_make_room() const;
  /// Ends as soon as the answer under way is sent.
  void drain();
  /// Ends now.
  void close();

 private:
  enum class State : std::uint8_t {
    kHandshake,
    kHead,  ///< reads a head, or waits for its first byte
    kBody,
    kDeferred,  ///< waits for a Responder
    kAnswer,    ///< sends
    kStream,    ///< sends what a Stream gets
    kLinger,    ///< has said all, and reads what the client still sends, so that it can read that
    kClosed,
  };
  enum class Step : std::uint8_t { kAgain, kWaitRead, kWaitWrite, kRest, kYield, kClose };
  class Ticket;

  /// What is left of a request once it is given away.
  struct Current {
    RequestId id{};
    bool began = false;  ///< has an id and a time
    Method method = Method::kOther;
    const Route* route = nullptr;
    int status = 0;
    std::chrono::steady_clock::time_point begin;
  };

  void advance();
  Step step();
  void wait(Direction direction);
  void set_deadline(std::chrono::seconds time);
  /// Is from now on one of its Worker's waiting(), if it is not yet; and is none of them any more.
  void line_up();
  void leave_line();
  /// Where its route is counted.
  [[nodiscard]] std::size_t route_slot() const;
  void leave_door();

  // session.cpp: requests
  Step handshake();
  Step read_head();
  Step read_more(Input& input, Step wait_at_end);
  std::optional<Refusal> make_room(Input& input);
  Step begin_request();
  void strip_base_path(Request& request) const;
  Step route_request();
  Step begin_body();
  Step read_body();
  Step handle();
  Step watch_client();
  Step linger();

  // session_answer.cpp: answers
  Step refuse(Refusal refusal, std::string_view allow = {});
  Step answer(Response response);
  Step start_stream(Response response);
  Step call(const Handler& handler);
  Step defer(const DeferredHandler& handler);
  void append_head(std::string& out, const Response& response, std::optional<std::uint64_t> length);
  Step send();
  Step feed_stream();
  Step finish_answer();
  Step next_request();
  void begin_record();
  void report(bool complete);

  Worker& worker_;
  const Listener& listener_;
  std::uint64_t number_;
  EventLoop::Watch watch_;
  std::optional<IpAddress> peer_;
  Guest guest_;
  std::list<Session*> own_line_;  ///< itself, while it is not one of its Worker's waiting()
  std::list<Session*>::iterator in_line_;
  std::unique_ptr<Channel> channel_;
  memory::Reservation tls_room_;
  State state_ = State::kHead;
  std::int64_t deadline_ = 0;  ///< in the Worker's milliseconds
  std::int64_t waits_since_ = 0;
  bool reading_ = false;  ///< waits for reading
  bool writing_ = false;
  bool keep_alive_ = false;
  bool http_1_0_ = false;
  bool in_door_ = false;  ///< counts as under way at its route's door
  bool chunked_ = false;
  bool unread_body_ = false;  ///< the client may still send some of a body that nobody reads
  unsigned turns_ = 0;        ///< requests since others had a turn
  std::uint64_t serial_ = 0;  ///< of the request, from 1
  std::uint64_t discarded_ = 0;
  std::shared_ptr<Exchange> exchange_;
  Current current_;
  AnswerWriter writer_;
  std::uint64_t sent_ = 0;
  memory::Reservation answer_room_;
  std::shared_ptr<Ticket> ticket_;
  std::shared_ptr<StreamQueue> stream_;
};

}  // namespace m3u_proxy::http
