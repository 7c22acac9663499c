// Server: listens, reads requests within its limits, gives them to routers, and sends the answers.
//
// HTTP/1.1 and 1.0, over TCP, TLS and unix domain sockets. One event loop a thread; each has its
// own listening sockets (SO_REUSEPORT), so a connection stays on one thread and no request is
// locked. Where all connections are taken, those that wait for a request make room for new ones.
// Without connections no thread ever wakes up. start() ignores SIGPIPE for the whole process.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <m3u_proxy/base/ip_address.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/http/connection/tls.hpp>
#include <m3u_proxy/http/limits.hpp>
#include <m3u_proxy/http/router.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::http {

class LivePolicy;

/// A TCP address: a host's address or name ("localhost"; all of its addresses), port 0 for any
/// free.
struct TcpEndpoint {
  std::string host;
  std::uint16_t port = 0;
};
/// A unix domain socket, made with mode 0600; one that nobody serves any more is replaced.
struct UnixEndpoint {
  std::filesystem::path path;
};

struct ListenerOptions {
  std::variant<TcpEndpoint, UnixEndpoint> endpoint;
  const Router* router = nullptr;    ///< outlives the server
  const TlsIdentity* tls = nullptr;  ///< outlives the server; nullptr: plain
  std::string base_path{};           ///< "/tv": taken off the front of paths that begin with it
};

/// What the access hook is told about a request once its answer is over.
struct AccessRecord {
  std::string_view id;
  Method method = Method::kOther;
  const Route* route = nullptr;  ///< nullptr: none matched, or the request was refused before
  int status = 0;
  std::uint64_t bytes = 0;  ///< sent, head included
  std::chrono::microseconds duration{0};
  std::optional<IpAddress> peer;
  bool complete = true;  ///< false: the connection ended in the middle of the answer
};

/// How often something happened since the start.
struct RouteCounters {
  const Route* route = nullptr;
  std::array<std::uint64_t, 6> by_class{};  ///< answers of 1xx to 5xx at 1 to 5; cut ones at 0
  std::uint64_t bytes = 0;
  std::chrono::microseconds duration{0};
};
/// Of the routes with one RouteOptions::door.
struct DoorCounters {
  std::string_view name;
  std::uint64_t under_way = 0;  ///< requests, now
  std::uint64_t refused = 0;    ///< requests, answered 503 because it had too many under way
};
struct ServerCounters {
  std::vector<RouteCounters> routes;  ///< of all routers; the last one is of what matched none
  std::vector<DoorCounters> doors{};
  std::uint64_t connections = 0;          ///< accepted
  std::uint64_t rejected = 0;             ///< of them, answered 503 because there were too many
  std::uint64_t rejected_by_address = 0;  ///< of these, because their address had its share
  std::uint64_t closed_for_room = 0;  ///< waited for a request, and were closed to let another in
  std::uint64_t open = 0;             ///< now
  std::uint64_t limit = 0;            ///< the most that may be open
};

struct ServerOptions {
  std::vector<ListenerOptions> listeners;
  unsigned threads = 1;
  Limits limits{};
  /// Whose trusted proxies may hold more connections than one client's share: they bring
  /// everybody's requests. Outlives the server; nullptr: nobody's.
  const LivePolicy* addresses = nullptr;
  /// Told once where it listens, as addresses() says, before the first request is read; may be
  /// empty.
  std::function<void(const std::vector<std::string>&)> on_listening{};
  /// Called on the threads of connections, several at a time; must be short and not throw.
  std::function<void(const AccessRecord&)> on_access{};
  /// Makes the body of answers that the server gives by itself (404, 405, 413 …); default: a line
  /// of text. Called as on_access is.
  std::function<Response(int status, std::string_view why)> error_page{};
};

class Server {
 public:
  /// Errors: kInvalidArgument for a host or path that is none; kIo where it can't listen, with the
  /// remedy for a port that is taken; kOverBudget.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, memory::Budget& budget);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// stop(0).
  ~Server();

  /// Where it listens, in the order of the options: "127.0.0.1:8080", "[::1]:8080", or a path.
  [[nodiscard]] const std::vector<std::string>& addresses() const;
  /// The port of the first TCP listener; 0 without one.
  [[nodiscard]] std::uint16_t port() const;
  /// Accepts nothing more, ends what rests, lets answers under way go on for up to `within`, cuts
  /// the rest, and joins its threads. Deferred answers after that go nowhere.
  void stop(std::chrono::milliseconds within);
  /// Thread-safe.
  [[nodiscard]] ServerCounters counters() const;

 private:
  class State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace m3u_proxy::http
