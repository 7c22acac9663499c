#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include <pthread.h>
#include <unistd.h>

#include <m3u_proxy/http/listen_socket.hpp>
#include <m3u_proxy/http/server.hpp>
#include <m3u_proxy/http/worker.hpp>

namespace m3u_proxy::http {
namespace {

constexpr std::size_t kFewestConnections = 16;
constexpr std::size_t kMostConnections = 1024;
/// The share of the Budget that connections take by default.
constexpr std::uint64_t kShare = 8;

std::size_t connections_for(const memory::Budget& budget) {
  const std::uint64_t fit = budget.limit().count / kShare / kConnectionBytes.count;
  return std::clamp<std::uint64_t>(fit, kFewestConnections, kMostConnections);
}

/// Writing to a client that went away must be an error, not the end of the process. A handler of
/// the program's own stays.
void ignore_broken_pipes() {
  struct sigaction now{};
  if (::sigaction(SIGPIPE, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) return;
  now.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &now, nullptr);
}

/// While it lives, threads that are made get no signals: those are the main thread's business.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;
  ~NoSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

void Counters::count(std::size_t slot, const AccessRecord& record) {
  OneRoute& route = routes_[slot];
  const std::size_t kind =
      record.complete ? std::min<std::size_t>(static_cast<std::size_t>(record.status) / 100,
                                              route.by_class.size() - 1)
                      : 0;
  route.by_class[kind].fetch_add(1, std::memory_order_relaxed);
  route.bytes.fetch_add(record.bytes, std::memory_order_relaxed);
  route.microseconds.fetch_add(static_cast<std::uint64_t>(record.duration.count()),
                               std::memory_order_relaxed);
}

void Counters::read(std::size_t slot, RouteCounters& out) const {
  const OneRoute& route = routes_[slot];
  for (std::size_t i = 0; i < out.by_class.size(); ++i)
    out.by_class[i] = route.by_class[i].load(std::memory_order_relaxed);
  out.bytes = route.bytes.load(std::memory_order_relaxed);
  out.duration = std::chrono::microseconds(route.microseconds.load(std::memory_order_relaxed));
}

class Server::State {
 public:
  explicit State(ServerOptions options, memory::Budget& budget) : options_(std::move(options)) {
    shared_.budget = &budget;
    shared_.limits = options_.limits;
    if (shared_.limits.connections == 0) shared_.limits.connections = connections_for(budget);
    shared_.addresses = options_.addresses;
    shared_.on_access = std::move(options_.on_access);
    shared_.error_page = std::move(options_.error_page);
    std::random_device random;
    shared_.id_seed = (std::uint64_t{random()} << 32U) ^ random();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { stop(std::chrono::milliseconds(0)); }

  Result<> start() {
    ignore_broken_pipes();
    M3U_TRY(room_, shared_.budget->reserve(memory::Tag::kHttp,
                                           kConnectionBytes * shared_.limits.connections));
    count_routes();
    share_out();
    const unsigned threads = std::max(options_.threads, 1U);
    for (unsigned i = 0; i < threads; ++i) workers_.push_back(std::make_unique<Worker>(shared_));
    for (const ListenerOptions& options : options_.listeners) M3U_CHECK(open(options));
    if (options_.on_listening) options_.on_listening(addresses_);
    const NoSignals no_signals;
    running_ = workers_.size();
    for (const auto& worker : workers_) threads_.emplace_back([this, &worker] { run(*worker); });
    return {};
  }

  void stop(std::chrono::milliseconds within) {
    if (threads_.empty()) return;
    tell_all([](Worker& worker) { worker.drain(); });
    {
      std::unique_lock lock(mutex_);
      ended_.wait_for(lock, within, [this] { return running_ == 0; });
    }
    tell_all([](Worker& worker) { worker.cut(); });
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    for (const auto& path : sockets_) ::unlink(path.c_str());
    workers_.clear();
    room_.release();
  }

  [[nodiscard]] ServerCounters counters() const {
    const Counters& counters = *shared_.counters;
    ServerCounters result{
        .routes = {},
        .doors = shared_.doors->read(),
        .connections = counters.accepted.load(std::memory_order_relaxed),
        .rejected = counters.rejected.load(std::memory_order_relaxed),
        .rejected_by_address = counters.rejected_by_address.load(std::memory_order_relaxed),
        .closed_for_room = counters.closed_for_room.load(std::memory_order_relaxed),
        .open = shared_.places->open(),
        .limit = shared_.limits.connections};
    std::size_t slot = 0;
    for (const Router* router : routers_)
      for (const Route& route : router->routes())
        counters.read(slot++, result.routes.emplace_back(RouteCounters{.route = &route}));
    counters.read(counters.no_route(), result.routes.emplace_back());
    return result;
  }

  [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }
  [[nodiscard]] std::uint16_t port() const {
    for (const Listener& listener : listeners_)
      if (listener.port != 0) return listener.port;
    return 0;
  }

 private:
  /// Several listeners may have one router; its routes are counted once.
  void count_routes() {
    std::size_t routes = 0;
    for (const ListenerOptions& options : options_.listeners) {
      if (std::ranges::find(routers_, options.router) != routers_.end()) continue;
      routers_.push_back(options.router);
      routes += options.router->routes().size();
    }
    shared_.counters = std::make_unique<Counters>(routes);
  }

  void share_out() {
    std::size_t remote = 0;
    auto local = routers_;
    for (const ListenerOptions& options : options_.listeners) {
      if (!std::holds_alternative<TcpEndpoint>(options.endpoint)) continue;
      ++remote;
      std::erase(local, options.router);
    }
    const bool keep_local = remote != 0 && remote != options_.listeners.size();
    shared_.places = std::make_unique<Places>(shared_.limits.connections, keep_local);
    shared_.doors = std::make_unique<Doors>(routers_, shared_.places->remote_limit(), local);
  }

  [[nodiscard]] std::size_t first_route(const Router* router) const {
    std::size_t first = 0;
    for (const Router* other : routers_) {
      if (other == router) break;
      first += other->routes().size();
    }
    return first;
  }

  Result<> open(const ListenerOptions& options) {
    std::vector<ListenSockets> all;
    if (const auto* tcp = std::get_if<TcpEndpoint>(&options.endpoint)) {
      M3U_TRY(all, listen_tcp(*tcp, static_cast<unsigned>(workers_.size()), shared_.limits));
    } else {
      const auto& unix_endpoint = std::get<UnixEndpoint>(options.endpoint);
      M3U_TRY(ListenSockets one, listen_unix(unix_endpoint));
      all.push_back(std::move(one));
      sockets_.push_back(unix_endpoint.path);
    }
    for (ListenSockets& one : all) {
      Listener& listener = listeners_.emplace_back();
      listener.options = options;
      listener.address = one.address;
      listener.port = one.port;
      listener.first_route = first_route(options.router);
      addresses_.push_back(one.address);
      for (std::size_t i = 0; i < one.sockets.size(); ++i)
        workers_[i]->listen(listener, std::move(one.sockets[i]));
    }
    return {};
  }

  void run(Worker& worker) {
    worker.run();
    const std::scoped_lock lock(mutex_);
    --running_;
    ended_.notify_all();
  }

  void tell_all(void (*what)(Worker&)) {
    for (const auto& worker : workers_) worker->mailbox()->post(what);
  }

  ServerOptions options_;
  Shared shared_;
  memory::Reservation room_;
  std::vector<const Router*> routers_;
  std::deque<Listener> listeners_;  // their addresses stay
  std::vector<std::string> addresses_;
  std::vector<std::filesystem::path> sockets_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::size_t running_ = 0;
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, memory::Budget& budget) {
  std::unique_ptr<Server> server(new Server(std::make_unique<State>(std::move(options), budget)));
  M3U_CHECK(server->state_->start());
  return server;
}

const std::vector<std::string>& Server::addresses() const { return state_->addresses(); }
std::uint16_t Server::port() const { return state_->port(); }
void Server::stop(std::chrono::milliseconds within) { state_->stop(within); }
ServerCounters Server::counters() const { return state_->counters(); }

}  // namespace m3u_proxy::http
