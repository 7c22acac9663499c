// How a Session answers: heads, bodies, streams, and what follows an answer.
#include <algorithm>
#include <exception>
#include <iterator>

#include <fmt/format.h>

#include <m3u_proxy/http/session.hpp>
#include <m3u_proxy/http/session_ticket.hpp>
#include <m3u_proxy/http/stream.hpp>
#include <m3u_proxy/http/stream_queue.hpp>

namespace m3u_proxy::http {
namespace {

/// Pipelined requests that are answered before other connections have their turn.
constexpr unsigned kTurns = 16;
/// How long a client that was refused may go on sending.
constexpr std::chrono::seconds kLingerTime{2};
/// What answers say that the server gives for want of room.
constexpr std::chrono::seconds kRetryAfter{1};

std::uint64_t size_of(const Response& response) {
  if (const auto* text = std::get_if<std::string>(&response.body)) return text->size();
  const auto* body = std::get_if<std::unique_ptr<Body>>(&response.body);
  return body != nullptr && *body ? (*body)->size() : 0;
}

}  // namespace

/// An answer that the server gives by itself.
Session::Step Session::refuse(Refusal refusal, std::string_view allow) {
  // What the client still sends may be anything.
  if (refusal.status == 400 || refusal.status == 408 || refusal.status == 414 ||
      refusal.status == 417 || refusal.status == 431 || refusal.status == 501 ||
      refusal.status == 505 || unread_body_) {
    keep_alive_ = false;
    unread_body_ = true;
  }
  if (!current_.began) begin_record();
  if (!in_door_) line_up();  // nothing of it is under way at a door while this is sent
  if (refusal.status == 204) {
    Response response = empty_response();
    response.add("Allow", allow);
    return answer(std::move(response));
  }
  const auto& page = worker_.shared().error_page;
  Response response = page ? page(refusal.status, refusal.why)
                           : text_response(refusal.status, std::string(refusal.why) + '\n');
  if (!allow.empty()) response.add("Allow", allow);
  if (refusal.status == 429 || refusal.status == 503)
    response.add("Retry-After", fmt::format_int(kRetryAfter.count()).c_str());
  return answer(std::move(response));
}

Session::Step Session::call(const Handler& handler) {
  Response response;
  try {
    response = handler(exchange_->request);
  } catch (const memory::OverBudget&) {
    return refuse({503, "there is no memory for the answer now"});
  } catch (const std::exception&) {
    return refuse({500, "the answer failed"});
  }
  return answer(std::move(response));
}

Session::Step Session::defer(const DeferredHandler& handler) {
  const Route& route = *exchange_->route;
  if (route.waiting->fetch_add(1, std::memory_order_relaxed) >= route.options.in_flight) {
    route.waiting->fetch_sub(1, std::memory_order_relaxed);
    return refuse({429, "too many requests to this address are under way"});
  }
  ticket_ = std::make_shared<Ticket>(worker_.mailbox(), number_, ++serial_, route.waiting);
  state_ = State::kDeferred;
  deadline_ = kNever;
  // The request goes to its handler; what came behind it stays here.
  const auto given = std::exchange(exchange_, nullptr);
  const Input& behind = given->body_input.capacity != 0 ? given->body_input : given->head;
  if (!behind.text().empty()) {
    exchange_ = worker_.take_exchange();
    exchange_->head.append(behind.text());
  }
  try {
    handler(std::shared_ptr<Request>(given, &given->request), Responder(ticket_));
  } catch (const std::exception&) {
    // The Responder, which is gone by now, has answered.
    return Step::kAgain;
  }
  return Step::kAgain;
}

void Session::answer_deferred(std::uint64_t serial, Response response) {
  if (state_ != State::kDeferred || serial != serial_) return;
  const auto self = shared_from_this();
  worker_.refresh_clock();
  ticket_.reset();
  if (worker_.draining()) keep_alive_ = false;
  static_cast<void>(answer(std::move(response)));
  advance();
}

void Session::append_head(std::string& out, const Response& response,
                          std::optional<std::uint64_t> length) {
  out += "HTTP/1.1 ";
  out += fmt::format_int(response.status).c_str();
  out += ' ';
  out += reason_of(response.status);
  out += "\r\nDate: ";
  out += worker_.date();
  out += "\r\nX-Request-Id: ";
  out.append(current_.id.text());
  out += "\r\n";
  out += response.fields;
  if (length) {
    out += "Content-Length: ";
    out += fmt::format_int(*length).c_str();
    out += "\r\n";
  }
  if (chunked_) out += "Transfer-Encoding: chunked\r\n";
  if (!keep_alive_) {
    out += "Connection: close\r\n";
  } else if (http_1_0_) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
}

Session::Step Session::answer(Response response) {
  if (std::holds_alternative<StreamStart>(response.body)) return start_stream(std::move(response));
  current_.status = response.status;
  chunked_ = false;
  const std::uint64_t size = size_of(response);
  std::string buffer = worker_.take_buffer();
  append_head(buffer, response, has_no_body(response.status) ? std::nullopt : std::optional(size));
  std::variant<std::string, std::unique_ptr<Body>> body;
  if (size != 0 && current_.method != Method::kHead && !has_no_body(response.status)) {
    if (auto* text = std::get_if<std::string>(&response.body)) {
      body = std::move(*text);
    } else {
      body = std::get<std::unique_ptr<Body>>(std::move(response.body));
    }
  }
  answer_room_ = std::move(response.reservation);
  writer_.start(std::move(buffer), std::move(body));
  sent_ = 0;
  state_ = State::kAnswer;
  set_deadline(worker_.shared().limits.write_time);
  return Step::kAgain;
}

Session::Step Session::start_stream(Response response) {
  const std::size_t most = worker_.shared().limits.stream_bytes;
  auto room = worker_.shared().budget->reserve(memory::Tag::kHttp, {most});
  if (!room) return refuse({503, "there is no memory for a stream now"});
  current_.status = response.status;
  chunked_ = !http_1_0_ && current_.method != Method::kHead;
  keep_alive_ = keep_alive_ && chunked_;
  std::string buffer = worker_.take_buffer();
  append_head(buffer, response, std::nullopt);
  writer_.start(std::move(buffer), std::string());
  sent_ = 0;
  set_deadline(worker_.shared().limits.write_time);
  if (current_.method == Method::kHead) {
    state_ = State::kAnswer;
    return Step::kAgain;
  }
  state_ = State::kStream;
  stream_ = std::make_shared<StreamQueue>(worker_.mailbox(), number_, most, *std::move(room));
  std::get<StreamStart>(response.body)(Stream(stream_));
  if (worker_.draining()) stream_->close();
  return Step::kAgain;
}

Session::Step Session::send() {
  const std::uint64_t before = writer_.sent();
  const auto state = writer_.step(*channel_);
  if (writer_.sent() != before) set_deadline(worker_.shared().limits.write_time);
  switch (state) {
    case AnswerWriter::State::kDone:
      return finish_answer();
    case AnswerWriter::State::kTurn:
      return Step::kYield;
    case AnswerWriter::State::kWaitRead:
      return Step::kWaitRead;
    case AnswerWriter::State::kWaitWrite:
      return Step::kWaitWrite;
    case AnswerWriter::State::kFailed:
      break;
  }
  return Step::kClose;
}

/// Sends what the stream's queue has, in chunks where the version of HTTP has them.
Session::Step Session::feed_stream() {
  if (stream_->state() == StreamQueue::State::kOverflow) return Step::kClose;
  if (writer_.busy()) {
    const std::uint64_t before = writer_.sent();
    const auto state = writer_.step(*channel_);
    if (writer_.sent() != before) set_deadline(worker_.shared().limits.write_time);
    if (state == AnswerWriter::State::kFailed) return Step::kClose;
    if (state == AnswerWriter::State::kTurn) return Step::kYield;
    if (state == AnswerWriter::State::kWaitRead) return Step::kWaitRead;
    if (state == AnswerWriter::State::kWaitWrite) return Step::kWaitWrite;
    sent_ += writer_.sent();
    worker_.give_back(writer_.stop());
    set_deadline(worker_.shared().limits.heartbeat);
  }
  // In this order: what was sent before it was closed is among what is taken.
  const bool closed = stream_->state() == StreamQueue::State::kClosed;
  std::string bytes = stream_->take();
  std::string buffer = worker_.take_buffer();
  if (!bytes.empty()) {
    if (chunked_) {
      fmt::format_to(std::back_inserter(buffer), "{:x}\r\n", bytes.size());
      bytes += "\r\n";
    }
    writer_.start(std::move(buffer), std::move(bytes));
    set_deadline(worker_.shared().limits.write_time);
    return Step::kAgain;
  }
  if (closed) {
    stream_->end();
    stream_.reset();
    if (chunked_) buffer += "0\r\n\r\n";
    writer_.start(std::move(buffer), std::string());
    state_ = State::kAnswer;
    return Step::kAgain;
  }
  worker_.give_back(std::move(buffer));
  // What it sends meanwhile is thrown away; at its end the stream ends.
  const Step client = linger();
  return client == Step::kAgain ? Step::kYield : client;
}

Session::Step Session::finish_answer() {
  sent_ += writer_.sent();
  worker_.give_back(writer_.stop());
  answer_room_.release();
  report(true);
  leave_door();
  if (keep_alive_) return next_request();
  channel_->finish();
  if (!unread_body_) return Step::kClose;
  state_ = State::kLinger;
  set_deadline(kLingerTime);
  line_up();
  return Step::kAgain;
}

Session::Step Session::next_request() {
  state_ = State::kHead;
  current_.began = false;
  current_.route = nullptr;
  current_.status = 0;
  current_.method = Method::kOther;
  unread_body_ = false;
  const Limits& limits = worker_.shared().limits;
  if (exchange_) exchange_->next();
  if (!exchange_ || exchange_->head.end == 0) {
    if (exchange_) worker_.give_back(std::exchange(exchange_, nullptr));
    set_deadline(limits.idle_time);
    line_up();
    turns_ = 0;
    return channel_->reads_ahead() ? Step::kAgain : Step::kWaitRead;
  }
  set_deadline(limits.head_time);
  if (++turns_ < kTurns) return Step::kAgain;
  turns_ = 0;
  return Step::kYield;
}

void Session::begin_record() {
  leave_line();
  current_.began = true;
  current_.id = worker_.next_id();
  current_.begin = std::chrono::steady_clock::now();
}

std::size_t Session::route_slot() const {
  return current_.route != nullptr ? listener_.first_route + current_.route->index
                                   : worker_.shared().counters->no_route();
}

void Session::leave_door() {
  if (std::exchange(in_door_, false)) worker_.shared().doors->leave(route_slot());
}

void Session::report(bool complete) {
  Shared& shared = worker_.shared();
  const std::uint64_t sent = sent_ + (complete ? 0 : writer_.sent());
  const AccessRecord record{.id = current_.id.text(),
                            .method = current_.method,
                            .route = current_.route,
                            .status = current_.status,
                            .bytes = sent,
                            .duration = std::chrono::duration_cast<std::chrono::microseconds>(
                                std::chrono::steady_clock::now() - current_.begin),
                            .peer = peer_,
                            .complete = complete};
  shared.counters->count(route_slot(), record);
  if (shared.on_access) shared.on_access(record);
}

}  // namespace m3u_proxy::http
