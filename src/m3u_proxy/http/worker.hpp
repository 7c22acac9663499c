// Worker: one thread of a server with its event loop, its listening sockets and its connections.
// Internal to the server.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include <m3u_proxy/http/connection/doors.hpp>
#include <m3u_proxy/http/connection/event_loop.hpp>
#include <m3u_proxy/http/connection/places.hpp>
#include <m3u_proxy/http/server.hpp>

namespace m3u_proxy::http {

/// A listener's options with what became of them.
struct Listener {
  ListenerOptions options;
  std::string address;
  std::uint16_t port = 0;
  std::size_t first_route = 0;  ///< where the counters of its router's routes begin
};

/// Thread-safe.
class Counters {
 public:
  explicit Counters(std::size_t routes) : routes_(routes + 1) {}
  /// `slot`: of the route, or routes for none.
  void count(std::size_t slot, const AccessRecord& record);
  void read(std::size_t slot, RouteCounters& out) const;
  [[nodiscard]] std::size_t no_route() const { return routes_.size() - 1; }

  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> rejected{0};
  std::atomic<std::uint64_t> rejected_by_address{0};
  std::atomic<std::uint64_t> closed_for_room{0};

 private:
  struct OneRoute {
    std::array<std::atomic<std::uint64_t>, 6> by_class{};
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> microseconds{0};
  };
  std::vector<OneRoute> routes_;
};

class Mailbox;

/// What all threads read; not changed while they run.
struct Shared {
  memory::Budget* budget = nullptr;
  Limits limits;
  const LivePolicy* addresses = nullptr;
  std::function<void(const AccessRecord&)> on_access;
  std::function<Response(int, std::string_view)> error_page;
  std::unique_ptr<Counters> counters;
  std::unique_ptr<Places> places;
  std::unique_ptr<Doors> doors;
  std::vector<std::shared_ptr<Mailbox>> mailboxes;  ///< of all Workers
  std::uint64_t id_seed = 0;
  // Written while the rest is read: on lines of their own.
  alignas(64) std::atomic<std::uint64_t> requests{0};  ///< that have an id
  /// Connections on their way from a Worker to another.
  alignas(64) std::atomic<std::uint32_t> handed_on{0};
};

class Session;
class Worker;
struct Exchange;

/// No time, in the milliseconds of Worker::now().
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

/// The way from other threads to a Worker, which may be gone by then. Thread-safe.
class Mailbox {
 public:
  using Task = std::move_only_function<void(Worker&)>;
  explicit Mailbox(Worker& worker) : worker_(&worker) {}
  /// False: the Worker is gone, and so is the task.
  bool post(Task task);
  void close();
  /// Since when the first of the Worker's waiting() waits, as of a moment ago; kNever without one.
  std::atomic<std::int64_t> waits_since{kNever};

 private:
  std::mutex mutex_;
  Worker* worker_;
};

/// But for post() everything belongs to its thread.
class Worker {
 public:
  /// All are made before any of them runs.
  explicit Worker(Shared& shared);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  /// Before run(): accepts on `socket`, which listens.
  void listen(const Listener& listener, io::Descriptor socket);
  /// Serves until drain() or cut() and the end of the last connection.
  void run();
  void post(EventLoop::Task task) { loop_.post(std::move(task)); }
  /// Accepts no more and lets what is under way come to its end.
  void drain();
  /// Ends everything.
  void cut();

  [[nodiscard]] EventLoop& loop() { return loop_; }
  [[nodiscard]] Shared& shared() { return *shared_; }
  [[nodiscard]] const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }
  [[nodiscard]] bool draining() const { return draining_; }

  /// The connection of that number; nullptr when it is gone.
  Session* find(std::uint64_t number);
  void remove(std::uint64_t number);
  /// Connections without a request under way: the next one has not come, or not as far as the end
  /// of its head, or it was refused; the one that has waited longest first. They make room for new
  /// ones where there is none.
  [[nodiscard]] std::list<Session*>& waiting() { return waiting_; }
  /// For other threads, whenever waiting() begins with another one.
  void publish_longest_wait();

  /// Memory of requests and answers, kept for the next ones as far as that is little.
  std::shared_ptr<Exchange> take_exchange();
  void give_back(std::shared_ptr<Exchange> exchange);
  std::string take_buffer();
  void give_back(std::string buffer);

  /// Milliseconds of the monotonic clock, as of the last call of refresh_clock().
  [[nodiscard]] std::int64_t now() const { return now_; }
  void refresh_clock();
  /// The Date of answers that are made now.
  std::string_view date();
  RequestId next_id();

 private:
  class Acceptor;
  /// A connection that has no place yet.
  struct Newcomer {
    const Listener* listener = nullptr;
    io::Descriptor socket;
    std::optional<IpAddress> peer;
    Guest guest;
    bool aimed = false;     ///< is, or was, on its way to whom longest_waiting() named
    std::size_t asked = 0;  ///< Workers, whether they can make room
  };
  void accept(const Listener& listener, io::Descriptor socket, std::optional<IpAddress> peer);
  [[nodiscard]] Guest guest_from(const std::optional<IpAddress>& peer) const;
  void admit(Newcomer newcomer);
  bool make_room(const Guest& guest, Places::Outcome why);
  /// Whose first of waiting() has waited longest; its own where nobody else's has.
  [[nodiscard]] Mailbox& longest_waiting() const;
  bool hand_on(Newcomer& newcomer, Mailbox& to, Places::Outcome why);
  void let_in(Newcomer newcomer);
  void pause(std::shared_ptr<Acceptor> acceptor);
  void arm_sweep();
  void sweep();

  Shared* shared_;
  EventLoop loop_;
  EventLoop::Alarm alarm_;
  bool armed_ = false;
  bool draining_ = false;
  std::shared_ptr<Mailbox> mailbox_;
  std::vector<std::shared_ptr<Acceptor>> acceptors_;
  std::vector<std::shared_ptr<Acceptor>> paused_;  ///< until the next sweep
  std::unordered_map<std::uint64_t, std::shared_ptr<Session>> sessions_;
  std::list<Session*> waiting_;
  std::uint64_t last_number_ = 0;
  std::vector<std::shared_ptr<Exchange>> exchanges_;
  std::vector<std::string> buffers_;
  std::int64_t now_ = 0;
  std::int64_t date_second_ = -1;
  std::string date_;
};

}  // namespace m3u_proxy::http
