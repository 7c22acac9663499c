#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>

#include <netinet/in.h>
#include <sys/socket.h>

#include <m3u_proxy/http/exchange.hpp>
#include <m3u_proxy/http/http_date.hpp>
#include <m3u_proxy/http/live_policy.hpp>
#include <m3u_proxy/http/session.hpp>
#include <m3u_proxy/http/worker.hpp>

namespace m3u_proxy::http {
namespace {

constexpr std::chrono::seconds kSweep{1};
/// Connections that are accepted before others have their turn.
constexpr int kAcceptTurns = 64;
/// How much memory is kept for the next request or answer of any connection.
constexpr std::size_t kKept = 8;
/// Connections that are looked at for one to close, and of them those whose place would help.
/// Beyond that it is cheaper to refuse.
constexpr int kSteps = 256;
constexpr int kLooks = 64;
/// Connections that may be on their way between threads, those of clients that have their share
/// among them.
constexpr std::uint32_t kMostHandedOn = 64;
constexpr std::uint32_t kMostOverShare = 32;
constexpr std::string_view kTooMany =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Type: text/plain\r\n"
    "Content-Length: 21\r\nConnection: close\r\n\r\ntoo many connections\n";

std::optional<IpAddress> address_of(const sockaddr_storage& from) {
  IpAddress address;
  if (from.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
    std::copy_n(v6.sin6_addr.s6_addr, address.bytes.size(), address.bytes.begin());
    return address;
  }
  if (from.ss_family != AF_INET) return std::nullopt;
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
  address.bytes[10] = address.bytes[11] = 0xff;
  std::copy_n(reinterpret_cast<const std::uint8_t*>(&v4.sin_addr.s_addr), 4,
              address.bytes.begin() + 12);
  return address;
}

/// Says 503 as far as that goes at once; what the client sent is read, or it might not see it.
void reject(int socket) {
  std::array<char, 4096> waste;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  static_cast<void>(::recv(socket, waste.data(), waste.size(), MSG_DONTWAIT));
  static_cast<void>(::send(socket, kTooMany.data(), kTooMany.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
  ::shutdown(socket, SHUT_WR);
}

}  // namespace

bool Mailbox::post(Task task) {
  const std::scoped_lock lock(mutex_);
  if (worker_ == nullptr) return false;
  worker_->post([worker = worker_, task = std::move(task)]() mutable { task(*worker); });
  return true;
}

void Mailbox::close() {
  const std::scoped_lock lock(mutex_);
  worker_ = nullptr;
}

/// A listening socket in the loop.
class Worker::Acceptor final : public ReadyHandler, public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(Worker& worker, const Listener& listener, io::Descriptor socket)
      : worker_(worker), listener_(listener), watch_(worker.loop(), std::move(socket)) {}

  void wait() {
    if (watch_.open()) watch_.wait(Direction::kRead, shared_from_this());
  }
  void close() { watch_.close(); }

  void on_ready(Direction /*direction*/) override {
    if (!watch_.open()) return;
    worker_.refresh_clock();
    for (int i = 0; i < kAcceptTurns; ++i) {
      sockaddr_storage from{};
      socklen_t size = sizeof from;
      io::Descriptor socket(::accept4(watch_.fd(), reinterpret_cast<sockaddr*>(&from), &size,
                                      SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (socket.valid()) {
        worker_.accept(listener_, std::move(socket), address_of(from));
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
        worker_.pause(shared_from_this());
        return;
      } else if (errno != ECONNABORTED && errno != EINTR) {
        break;
      }
    }
    wait();
  }

 private:
  Worker& worker_;
  const Listener& listener_;
  EventLoop::Watch watch_;
};

Worker::Worker(Shared& shared)
    : shared_(&shared), alarm_(loop_), mailbox_(std::make_shared<Mailbox>(*this)) {
  shared_->mailboxes.push_back(mailbox_);
  refresh_clock();
}

Worker::~Worker() {
  mailbox_->close();
  for (const auto& acceptor : acceptors_) acceptor->close();
}

void Worker::listen(const Listener& listener, io::Descriptor socket) {
  acceptors_.push_back(std::make_shared<Acceptor>(*this, listener, std::move(socket)));
  acceptors_.back()->wait();
}

void Worker::run() {
  loop_.run();
  mailbox_->close();
}

void Worker::accept(const Listener& listener, io::Descriptor socket,
                    std::optional<IpAddress> peer) {
  shared_->counters->accepted.fetch_add(1, std::memory_order_relaxed);
  admit({.listener = &listener,
         .socket = std::move(socket),
         .peer = peer,
         .guest = guest_from(peer)});
}

Guest Worker::guest_from(const std::optional<IpAddress>& peer) const {
  if (!peer) return {.local = true};
  if (shared_->addresses != nullptr &&
      comes_from_trusted_proxy({.peer = peer}, *shared_->addresses->get()))
    return {};
  return {.local = false, .network = network_of(*peer)};
}

/// Gives it a place, if need be that of a connection that waits for a request: with the Worker that
/// has the one that has waited longest, or where that can't help with any other.
void Worker::admit(Newcomer newcomer) {
  if (draining_) return;
  Places& places = *shared_->places;
  auto outcome = places.take(newcomer.guest);
  if (outcome == Places::Outcome::kFull && !std::exchange(newcomer.aimed, true) &&
      hand_on(newcomer, longest_waiting(), outcome))
    return;
  while (outcome != Places::Outcome::kTaken && make_room(newcomer.guest, outcome))
    outcome = places.take(newcomer.guest);
  if (outcome == Places::Outcome::kTaken) return let_in(std::move(newcomer));
  const auto& all = shared_->mailboxes;
  const auto self = std::ranges::find(all, mailbox_);
  const auto& next = self + 1 == all.end() ? all.front() : *(self + 1);
  if (++newcomer.asked < all.size() && hand_on(newcomer, *next, outcome)) return;
  Counters& counters = *shared_->counters;
  counters.rejected.fetch_add(1, std::memory_order_relaxed);
  if (outcome == Places::Outcome::kNetworkFull)
    counters.rejected_by_address.fetch_add(1, std::memory_order_relaxed);
  reject(newcomer.socket.get());
}

/// Closes one of the connections that have waited longest, if there is one whose place `guest` may
/// have: the first of the client that holds most places, so that many silent ones of few clients
/// are closed before the only one of another.
bool Worker::make_room(const Guest& guest, Places::Outcome why) {
  const bool share_is_full = why == Places::Outcome::kNetworkFull;
  Session* chosen = nullptr;
  std::size_t most = 0;
  int steps = 0;
  int looks = 0;
  for (Session* session : waiting_) {
    if (++steps > kSteps || looks == kLooks || (share_is_full && chosen != nullptr)) break;
    const Guest& other = session->guest();
    if (share_is_full ? other.network != guest.network : other.local && !guest.local) continue;
    ++looks;
    const std::size_t held = shared_->places->held(other);
    if ((chosen != nullptr && held <= most) || !session->may_make_room()) continue;
    chosen = session;
    most = held;
  }
  if (chosen == nullptr) return false;
  shared_->counters->closed_for_room.fetch_add(1, std::memory_order_relaxed);
  chosen->close();
  return true;
}

void Worker::publish_longest_wait() {
  mailbox_->waits_since.store(waiting_.empty() ? kNever : waiting_.front()->waits_since(),
                              std::memory_order_relaxed);
}

Mailbox& Worker::longest_waiting() const {
  Mailbox* longest = mailbox_.get();
  std::int64_t since = longest->waits_since.load(std::memory_order_relaxed);
  for (const auto& other : shared_->mailboxes) {
    const std::int64_t others = other->waits_since.load(std::memory_order_relaxed);
    if (others >= since) continue;
    longest = other.get();
    since = others;
  }
  return *longest;
}

/// To another Worker, unless that is gone, or too many are on their way already.
bool Worker::hand_on(Newcomer& newcomer, Mailbox& to, Places::Outcome why) {
  if (&to == mailbox_.get()) return false;
  std::atomic<std::uint32_t>& handed_on = shared_->handed_on;
  const auto limit = why == Places::Outcome::kNetworkFull ? kMostOverShare : kMostHandedOn;
  if (handed_on.fetch_add(1, std::memory_order_relaxed) < limit) {
    const auto on_its_way = std::make_shared<Newcomer>(std::move(newcomer));
    if (to.post([on_its_way](Worker& other) {
          other.shared_->handed_on.fetch_sub(1, std::memory_order_relaxed);
          other.refresh_clock();
          other.admit(std::move(*on_its_way));
        }))
      return true;
    newcomer = std::move(*on_its_way);
  }
  handed_on.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void Worker::let_in(Newcomer newcomer) {
  const std::uint64_t number = ++last_number_;
  const auto session = std::make_shared<Session>(
      *this, *newcomer.listener, number, std::move(newcomer.socket), newcomer.peer, newcomer.guest);
  sessions_.emplace(number, session);
  auto started = session->start();
  // TLS takes memory besides, which one that waits can give.
  if (!started && started.error().code == ErrorCode::kOverBudget &&
      make_room(newcomer.guest, Places::Outcome::kFull))
    started = session->start();
  if (!started) {
    shared_->counters->rejected.fetch_add(1, std::memory_order_relaxed);
    return session->close();
  }
  arm_sweep();
}

/// The process has no descriptors or the system no memory left: tries again with the next sweep.
void Worker::pause(std::shared_ptr<Acceptor> acceptor) {
  paused_.push_back(std::move(acceptor));
  arm_sweep();
}

Session* Worker::find(std::uint64_t number) {
  const auto found = sessions_.find(number);
  return found == sessions_.end() ? nullptr : found->second.get();
}

void Worker::remove(std::uint64_t number) {
  const auto found = sessions_.find(number);
  if (found == sessions_.end()) return;
  shared_->places->give_back(found->second->guest());
  sessions_.erase(found);
  if (sessions_.empty() && paused_.empty()) {
    alarm_.cancel();
    armed_ = false;
  }
}

void Worker::arm_sweep() {
  if (std::exchange(armed_, true)) return;
  alarm_.set(kSweep, [this] { sweep(); });
}

void Worker::sweep() {
  armed_ = false;
  refresh_clock();
  for (const auto& acceptor : std::exchange(paused_, {})) acceptor->wait();
  std::vector<std::shared_ptr<Session>> late;
  for (const auto& [number, session] : sessions_)
    if (session->deadline() <= now_) late.push_back(session);
  for (const auto& session : late) session->on_deadline();
  if (!sessions_.empty()) arm_sweep();
}

void Worker::drain() {
  if (std::exchange(draining_, true)) return;
  for (const auto& acceptor : acceptors_) acceptor->close();
  acceptors_.clear();
  paused_.clear();
  std::vector<std::shared_ptr<Session>> all;
  for (const auto& [number, session] : sessions_) all.push_back(session);
  for (const auto& session : all) session->drain();
  if (sessions_.empty()) alarm_.cancel();
}

void Worker::cut() {
  drain();
  std::vector<std::shared_ptr<Session>> all;
  for (const auto& [number, session] : sessions_) all.push_back(session);
  for (const auto& session : all) session->close();
  alarm_.cancel();
}

std::shared_ptr<Exchange> Worker::take_exchange() {
  if (exchanges_.empty()) return std::make_shared<Exchange>();
  auto exchange = std::move(exchanges_.back());
  exchanges_.pop_back();
  return exchange;
}

void Worker::give_back(std::shared_ptr<Exchange> exchange) {
  if (exchanges_.size() >= kKept) return;
  exchange->clear();
  exchanges_.push_back(std::move(exchange));
}

std::string Worker::take_buffer() {
  if (buffers_.empty()) return {};
  std::string buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void Worker::give_back(std::string buffer) {
  if (buffers_.size() < kKept) buffers_.push_back(std::move(buffer));
}

void Worker::refresh_clock() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  now_ = time.tv_sec * 1000 + time.tv_nsec / 1'000'000;
}

std::string_view Worker::date() {
  const std::int64_t second = ::time(nullptr);
  if (second != date_second_) {
    date_second_ = second;
    date_ = format_http_date(second);
  }
  return date_;
}

RequestId Worker::next_id() {
  // SplitMix64 (Steele, Lea, Flood 2014): every number once, in an order that tells nothing.
  std::uint64_t x = shared_->id_seed +
                    0x9e3779b97f4a7c15U * shared_->requests.fetch_add(1, std::memory_order_relaxed);
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  x ^= x >> 31U;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<char, 16> id{};
  for (char& digit : id) {
    digit = kHex[x & 15U];
    x >>= 4U;
  }
  return RequestId({id.data(), id.size()});
}

}  // namespace m3u_proxy::http
