#include <algorithm>
#include <array>
#include <cerrno>

#include <sys/socket.h>

#include <m3u_proxy/http/session.hpp>
#include <m3u_proxy/http/session_ticket.hpp>
#include <m3u_proxy/http/stream_queue.hpp>

namespace m3u_proxy::http {
namespace {

/// How many bytes a client that was refused may go on sending.
constexpr std::uint64_t kLingerBytes = std::uint64_t{1} << 20U;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

Session::Session(Worker& worker, const Listener& listener, std::uint64_t number,
                 io::Descriptor socket, std::optional<IpAddress> peer, const Guest& guest)
    : worker_(worker),
      listener_(listener),
      number_(number),
      watch_(worker.loop(), std::move(socket)),
      peer_(peer),
      guest_(guest),
      own_line_{this},
      in_line_(own_line_.begin()) {}

Session::~Session() = default;

Result<> Session::start() {
  if (listener_.options.tls != nullptr) {
    M3U_TRY(tls_room_, worker_.shared().budget->reserve(memory::Tag::kHttp, kTlsBytes));
    channel_ = listener_.options.tls->accept(watch_.fd());
    if (!channel_) return fail(ErrorCode::kIo, "TLS can't start");
    state_ = State::kHandshake;
  } else {
    channel_ = plain_channel(watch_.fd());
  }
  set_deadline(worker_.shared().limits.head_time);
  line_up();
  wait(Direction::kRead);
  return {};
}

void Session::set_deadline(std::chrono::seconds time) {
  deadline_ = worker_.now() + std::chrono::milliseconds(time).count();
}

void Session::line_up() {
  if (own_line_.empty()) return;
  auto& line = worker_.waiting();
  line.splice(line.end(), own_line_);
  waits_since_ = worker_.now();
  if (line.front() == this) worker_.publish_longest_wait();
}

void Session::leave_line() {
  if (!own_line_.empty()) return;
  auto& line = worker_.waiting();
  const bool first = line.front() == this;
  own_line_.splice(own_line_.end(), line, in_line_);
  if (first) worker_.publish_longest_wait();
}

bool Session::may_make_room() const {
  if (state_ == State::kAnswer) return true;
  std::array<char, 1> byte{};
  return ::recv(watch_.fd(), byte.data(), byte.size(), MSG_PEEK | MSG_DONTWAIT) <= 0;
}

void Session::on_ready(Direction direction) {
  (direction == Direction::kRead ? reading_ : writing_) = false;
  if (state_ == State::kClosed) return;
  worker_.refresh_clock();
  advance();
}

void Session::wake() {
  if (state_ == State::kClosed) return;
  worker_.refresh_clock();
  advance();
}

void Session::wait(Direction direction) {
  bool& waits = direction == Direction::kRead ? reading_ : writing_;
  if (std::exchange(waits, true)) return;
  watch_.wait(direction, shared_from_this());
}

void Session::advance() {
  const auto self = shared_from_this();  // close() removes it from its Worker
  while (state_ != State::kClosed) {
    switch (step()) {
      case Step::kAgain:
        break;
      case Step::kWaitRead:
        return wait(Direction::kRead);
      case Step::kWaitWrite:
        return wait(Direction::kWrite);
      case Step::kRest:
        return;
      case Step::kYield:
        return worker_.post([self] { self->wake(); });
      case Step::kClose:
        return close();
    }
  }
}

Session::Step Session::step() {
  switch (state_) {
    case State::kHandshake:
      return handshake();
    case State::kHead:
      return read_head();
    case State::kBody:
      return read_body();
    case State::kDeferred:
      return watch_client();
    case State::kAnswer:
      return send();
    case State::kStream:
      return feed_stream();
    case State::kLinger:
      return linger();
    case State::kClosed:
      break;
  }
  return Step::kRest;
}

Session::Step Session::handshake() {
  switch (channel_->handshake().state) {
    case Transfer::State::kMoved:
      state_ = State::kHead;
      return Step::kAgain;
    case Transfer::State::kWaitRead:
      return Step::kWaitRead;
    case Transfer::State::kWaitWrite:
      return Step::kWaitWrite;
    default:
      return Step::kClose;
  }
}

/// Reads what there is; at the end of the client's bytes, or after an error, the connection ends.
Session::Step Session::read_more(Input& input, Step wait_at_end) {
  const Transfer transfer = channel_->read(input.room());
  switch (transfer.state) {
    case Transfer::State::kMoved:
      input.end += transfer.bytes;
      return Step::kAgain;
    case Transfer::State::kWaitRead:
      return wait_at_end;
    case Transfer::State::kWaitWrite:
      return Step::kWaitWrite;
    default:
      return Step::kClose;
  }
}

/// Makes sure that there is room for more of a head.
std::optional<Refusal> Session::make_room(Input& input) {
  const Limits& limits = worker_.shared().limits;
  if (input.end == input.capacity) {
    if (input.capacity >= limits.head_bytes) return Refusal{431, "the request's head is too long"};
    const std::size_t size =
        std::min(std::max(input.capacity * 2, Exchange::kFirstRoom), limits.head_bytes);
    if (size > Exchange::kFirstRoom && exchange_->grown.size().count < size) {
      auto room = worker_.shared().budget->reserve(memory::Tag::kHttp, {size});
      if (!room) return Refusal{503, "there is no memory for the request now"};
      exchange_->grown = *std::move(room);
    }
    input.reserve(size);
  }
  return std::nullopt;
}

Session::Step Session::read_head() {
  const Limits& limits = worker_.shared().limits;
  if (!exchange_) exchange_ = worker_.take_exchange();
  Exchange& exchange = *exchange_;
  const bool began = exchange.head.end != 0;
  switch (exchange.scanner.scan(exchange.head.text())) {
    case HeadScanner::State::kComplete:
      return begin_request();
    case HeadScanner::State::kBad:
      return refuse({400, "the request is not valid HTTP"});
    case HeadScanner::State::kMore:
      break;
  }
  const std::size_t line = exchange.scanner.first_line();
  if ((line == 0 ? exchange.head.end : line) > limits.target_bytes)
    return refuse({414, "the request line is too long"});
  if (const auto full = make_room(exchange.head)) return refuse(*full);
  const Step read = read_more(exchange.head, Step::kWaitRead);
  if (!began && exchange.head.end != 0) {
    set_deadline(limits.head_time);
    leave_line();  // the time without a request is over
  }
  if (read != Step::kAgain) line_up();
  if (read == Step::kWaitRead && !began) worker_.give_back(std::exchange(exchange_, nullptr));
  return read;
}

Session::Step Session::begin_request() {
  Exchange& exchange = *exchange_;
  Request& request = exchange.request;
  begin_record();
  request.id = current_.id;
  request.peer = peer_;
  request.local_port = listener_.port;
  request.secure = listener_.options.tls != nullptr;
  const std::size_t skipped = exchange.scanner.skipped();
  const std::size_t size = exchange.scanner.size();
  const std::size_t line = exchange.scanner.first_line();
  if (line > worker_.shared().limits.target_bytes)
    return refuse({414, "the request line is too long"});
  const auto head = exchange.head.text().substr(skipped, size - skipped);
  if (const auto wrong =
          exchange.parser.parse_head(head, worker_.shared().limits.head_fields, request)) {
    current_.method = request.method;
    http_1_0_ = request.http_1_0;
    return refuse(*wrong);
  }
  exchange.head.begin += size;
  if (const RequestId own(request.header("X-Request-Id")); !own.empty())
    request.id = current_.id = own;
  current_.method = request.method;
  http_1_0_ = request.http_1_0;
  keep_alive_ = exchange.parser.keep_alive() && !worker_.draining();
  unread_body_ = exchange.parser.has_body();
  return route_request();
}

void Session::strip_base_path(Request& request) const {
  const std::string& base = listener_.options.base_path;
  if (base.empty() || !request.path.starts_with(base)) return;
  const std::string_view rest = request.path.substr(base.size());
  if (rest.starts_with('/')) request.path = rest;
  if (rest.empty()) request.path = "/";
}

Session::Step Session::route_request() {
  Exchange& exchange = *exchange_;
  Request& request = exchange.request;
  strip_base_path(request);
  const auto match =
      listener_.options.router->match(request.method, request.path, request.parameters);
  exchange.route = current_.route = match.route;
  in_door_ = worker_.shared().doors->enter(route_slot());
  if (!in_door_) return refuse({503, "too much is being asked of this part of the service"});
  if (match.route != nullptr) return exchange.parser.has_body() ? begin_body() : handle();
  const bool options = request.method == Method::kOptions;
  if (request.path == "*") {
    if (!options) return refuse({400, "the request target is not valid"});
    return refuse({204, {}}, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  }
  if (match.allowed.empty()) return refuse({404, "there is nothing at this address"});
  if (options) return refuse({204, {}}, match.allowed);
  return refuse({405, "this address does not take that method"}, match.allowed);
}

Session::Step Session::begin_body() {
  Exchange& exchange = *exchange_;
  if (const auto refusal = exchange.start_body(*worker_.shared().budget)) return refuse(*refusal);
  // Everything before was sent, so a line as short as this one fits into the socket's buffer.
  if (exchange.parser.expects_continue() && exchange.body_input.end == 0 &&
      channel_->write(kContinue, More::kNo).bytes != kContinue.size())
    return Step::kClose;
  state_ = State::kBody;
  set_deadline(worker_.shared().limits.body_time);
  return Step::kAgain;
}

Session::Step Session::read_body() {
  Exchange& exchange = *exchange_;
  Input& input = exchange.body_input;
  const Limits& limits = worker_.shared().limits;
  const std::uint64_t before = exchange.received;
  const auto progress = exchange.parser.parse_body(input.text(), exchange);
  input.begin += progress.consumed;
  if (progress.refusal) return refuse(*progress.refusal);
  if (progress.complete) {
    unread_body_ = false;
    exchange.request.body = exchange.body;
    return handle();
  }
  // What it sends at the least rate earns it time.
  const std::uint64_t earned = (exchange.received - before) * 1000 / limits.body_rate;
  deadline_ += static_cast<std::int64_t>(earned);
  input.compact();
  if (input.room().empty()) return refuse({400, "the body is not valid HTTP"});
  return read_more(input, Step::kWaitRead);
}

Session::Step Session::handle() {
  const Route& route = *exchange_->route;
  if (const auto* handler = std::get_if<Handler>(&route.handler)) return call(*handler);
  return defer(std::get<DeferredHandler>(route.handler));
}

/// Looks whether the client is still there, while others work for it.
Session::Step Session::watch_client() {
  std::array<char, 1> byte{};
  const ssize_t got = ::recv(watch_.fd(), byte.data(), byte.size(), MSG_PEEK | MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Step::kWaitRead;
  if (got < 0) return Step::kClose;
  if (got == 0) ticket_->client_left();
  return Step::kRest;  // the next request, or nothing more: the answer is still wanted
}

Session::Step Session::linger() {
  std::array<char, 4096> waste;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const Transfer transfer = channel_->read(waste);
  discarded_ += transfer.bytes;
  if (discarded_ > kLingerBytes) return Step::kClose;
  switch (transfer.state) {
    case Transfer::State::kMoved:
      return Step::kAgain;
    case Transfer::State::kWaitRead:
      return Step::kWaitRead;
    case Transfer::State::kWaitWrite:
      return Step::kWaitWrite;
    default:
      return Step::kClose;
  }
}

void Session::on_deadline() {
  switch (state_) {
    case State::kHead:
      if (exchange_ && exchange_->head.end != 0) break;
      return close();
    case State::kBody:
      break;
    case State::kStream:
      if (writer_.busy()) return close();
      if (!stream_->send(":\n\n")) return close();
      return set_deadline(worker_.shared().limits.heartbeat);
    default:
      return close();
  }
  const auto self = shared_from_this();
  static_cast<void>(refuse({408, "the request took too long"}));
  advance();
}

void Session::drain() {
  keep_alive_ = false;
  if (state_ == State::kLinger || (state_ == State::kHead && !exchange_)) return close();
  if (stream_) stream_->close();
}

void Session::close() {
  if (state_ == State::kClosed) return;
  const auto self = shared_from_this();
  if (state_ == State::kDeferred || state_ == State::kAnswer || state_ == State::kStream)
    report(false);
  leave_line();
  leave_door();
  state_ = State::kClosed;
  deadline_ = kNever;
  if (ticket_) ticket_->client_left();
  if (stream_) stream_->end();
  writer_.stop();
  exchange_.reset();
  // OpenSSL's end of it must be gone before the socket's number can be another one's.
  channel_.reset();
  tls_room_.release();  // what waits for the socket may keep this object a little
  watch_.close();
  worker_.remove(number_);
}

}  // namespace m3u_proxy::http
