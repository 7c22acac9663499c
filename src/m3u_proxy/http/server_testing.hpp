// For tests: a client that sends exactly the bytes it is told to, and a server on loopback.
#pragma once

#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/http/server.hpp>
#include <m3u_proxy/http/stream.hpp>
#include <m3u_proxy/io/descriptor.hpp>

namespace m3u_proxy::http::testing {

/// How long a test waits for something that has to come.
constexpr int kPatienceMs = 20'000;

struct Reply {
  int status = 0;
  std::string head;  ///< up to and with the empty line
  std::string body;

  [[nodiscard]] std::string header(std::string_view name) const {
    std::string_view rest = head;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find("\r\n"));
      rest.remove_prefix(std::min(line.size() + 2, rest.size()));
      const std::size_t colon = line.find(':');
      if (colon != std::string_view::npos && equals_ascii_case(line.substr(0, colon), name))
        return std::string(trim(line.substr(colon + 1)));
    }
    return {};
  }
};

class RawClient {
 public:
  /// `own`: the client's own address, "127.0.0.2"; nullptr: 127.0.0.1.
  explicit RawClient(std::uint16_t port, int receive_buffer = 0, const char* own = nullptr)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer != 0)
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (own != nullptr) {
      EXPECT_EQ(::inet_pton(AF_INET, own, &address.sin_addr), 1);
      EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0)
          << std::strerror(errno);
    }
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0)
        << std::strerror(errno);
  }
  explicit RawClient(const std::filesystem::path& path)
      : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.string().size());
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0)
        << std::strerror(errno);
  }

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t put = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) return;  // it was refused in the middle: the reply tells
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
  }
  /// Reads more; false at the end, after an error, or when nothing comes.
  bool receive(int patience_ms = kPatienceMs) {
    pollfd poll{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&poll, 1, patience_ms) <= 0) return false;
    char buffer[65536];
    const ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    received_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }
  /// Reads one reply with Content-Length, or without a body; status 0 when none comes.
  Reply reply(bool head_only = false) {
    std::size_t end = 0;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos)
      if (!receive()) return {};
    Reply result;
    result.head = received_.substr(0, end + 4);
    received_.erase(0, end + 4);
    std::from_chars(result.head.data() + 9, result.head.data() + 12, result.status);
    std::size_t length = 0;
    const std::string text = result.header("Content-Length");
    std::from_chars(text.data(), text.data() + text.size(), length);
    if (head_only) return result;
    while (received_.size() < length)
      if (!receive()) break;
    result.body = received_.substr(0, length);
    received_.erase(0, length);
    return result;
  }
  Reply ask(std::string_view request) {
    send(request);
    return reply();
  }
  /// Reads until `text` has come; all that came up to it is taken out.
  std::string read_until(std::string_view text) {
    std::size_t at = 0;
    while ((at = received_.find(text)) == std::string::npos)
      if (!receive()) return std::exchange(received_, {});
    std::string result = received_.substr(0, at + text.size());
    received_.erase(0, result.size());
    return result;
  }
  /// Whether the server ends the connection; what comes before is kept.
  bool ends() {
    while (receive()) {
    }
    pollfd poll{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&poll, 1, 0) > 0;
  }
  void close() { socket_ = io::Descriptor(); }
  /// Closes so that the server sees a reset.
  void abort() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] const std::string& received() const { return received_; }

 private:
  io::Descriptor socket_;
  std::string received_;
};

/// A server of one router on a free port of 127.0.0.1.
class TestServer {
 public:
  explicit TestServer(const Router& router, ServerOptions options = {}) {
    if (options.listeners.empty())
      options.listeners.push_back(
          {.endpoint = TcpEndpoint{.host = "127.0.0.1", .port = 0}, .router = &router});
    auto started = Server::start(std::move(options), budget_);
    if (!started) {
      ADD_FAILURE() << to_string(started.error());
      return;
    }
    server_ = *std::move(started);
  }
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  Server& operator*() { return *server_; }
  Server* operator->() { return server_.get(); }
  memory::Budget& budget() { return budget_; }

 private:
  memory::Budget budget_{mib(64)};
  std::unique_ptr<Server> server_;
};

/// A router under construction: routes that must be right.
class TestRouter : public Router {
 public:
  void get(std::string_view pattern, Handler handler, RouteOptions options = {}) {
    EXPECT_TRUE(add(Method::kGet, pattern, std::move(handler), std::move(options)));
  }
  void post(std::string_view pattern, Handler handler, RouteOptions options = {}) {
    EXPECT_TRUE(add(Method::kPost, pattern, std::move(handler), std::move(options)));
  }
};

/// "/hello" answers at once, "/news" and "/events" never end; the first two are one door, "hello".
class TwoDoors : public TestRouter {
 public:
  TwoDoors() {
    get("/hello", [](Request&) { return text_response(200, "hello\n"); }, {.door = "hello"});
    get("/news", events, {.door = "hello"});
    get("/events", events, {.door = "events"});
  }
  static constexpr std::string_view kHello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
  static constexpr std::string_view kNews = "GET /news HTTP/1.1\r\nHost: a\r\n\r\n";
  static constexpr std::string_view kEvents = "GET /events HTTP/1.1\r\nHost: a\r\n\r\n";

 private:
  static Response events(Request& /*request*/) {
    return event_stream_response([](const Stream&) {});
  }
};

inline ServerOptions limited_to(std::size_t connections) {
  ServerOptions options;
  options.limits.connections = connections;
  return options;
}

/// Connections from the address `own`, each with an answer that never ends under way.
inline std::vector<RawClient> listen_from(TestServer& server, const char* own, int count,
                                          std::string_view request = TwoDoors::kEvents) {
  std::vector<RawClient> clients;
  for (int i = 0; i < count; ++i) {
    clients.emplace_back(server.port(), 0, own);
    clients.back().send(request);
    EXPECT_EQ(clients.back().reply(true).status, 200) << own << ' ' << i;
  }
  return clients;
}

/// Waits until `condition` holds; false when it never does.
template <typename Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < kPatienceMs; ++i) {
    if (condition()) return true;
    ::poll(nullptr, 0, 1);
  }
  return false;
}

}  // namespace m3u_proxy::http::testing
