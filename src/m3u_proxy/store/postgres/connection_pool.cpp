#include <algorithm>
#include <utility>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/store/postgres/connection_pool.hpp>

namespace m3u_proxy::store::postgres {
namespace {

constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{2000};

}  // namespace

Result<std::unique_ptr<PostgresConnection>> ConnectionPool::connect() {
  {
    const std::scoped_lock lock(pause_mutex_);
    if (std::chrono::steady_clock::now() < next_try_) return fail(last_error_);
  }
  auto connection = PostgresConnection::open(url_, place_);
  const std::scoped_lock lock(pause_mutex_);
  if (connection) {
    if (pause_ > std::chrono::milliseconds{}) log::info("store", "{} is back", place_);
    pause_ = {};
    next_try_ = {};
    return connection;
  }
  if (pause_ == std::chrono::milliseconds{})
    log::warn("store", "{}", to_string(connection.error()));
  pause_ = std::clamp(pause_ * 2, kFirstPause, kLongestPause);
  next_try_ = std::chrono::steady_clock::now() + pause_;
  last_error_ = connection.error();
  return connection;
}

Result<ConnectionPool::Lease> ConnectionPool::take() {
  std::unique_lock lock(mutex_);
  freed_.wait(lock, [&] { return !idle_.empty() || open_ < most_; });
  while (!idle_.empty()) {
    auto connection = std::move(idle_.back().connection);
    idle_.pop_back();
    if (connection->is_alive()) return Lease(*this, std::move(connection));
    --open_;
  }
  ++open_;
  lock.unlock();
  auto connection = connect();
  if (connection) return Lease(*this, *std::move(connection));
  leave();
  return fail(std::move(connection).error());
}

void ConnectionPool::leave() {
  {
    const std::scoped_lock lock(mutex_);
    --open_;
  }
  freed_.notify_one();
}

void ConnectionPool::give_back(std::unique_ptr<PostgresConnection> connection) {
  if (connection->is_lost()) {
    connection.reset();
    return leave();
  }
  {
    const std::scoped_lock lock(mutex_);
    idle_.push_back({.connection = std::move(connection)});
  }
  freed_.notify_one();
}

std::size_t ConnectionPool::close_idle(Which which) {
  std::vector<Idle> closed;  // closed outside of the lock: it waits for the network
  {
    const std::scoped_lock lock(mutex_);
    const auto stays = [&](Idle& one) {
      return which == Which::kUnused && std::exchange(one.used, false);
    };
    const auto gone = std::stable_partition(idle_.begin(), idle_.end(), stays);
    closed.assign(std::make_move_iterator(gone), std::make_move_iterator(idle_.end()));
    idle_.erase(gone, idle_.end());
    open_ -= closed.size();
  }
  freed_.notify_all();
  return closed.size();
}

std::size_t ConnectionPool::idle() const {
  const std::scoped_lock lock(mutex_);
  return idle_.size();
}

}  // namespace m3u_proxy::store::postgres
