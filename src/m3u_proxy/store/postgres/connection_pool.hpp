// ConnectionPool: the sessions of one PostgreSQL server, made when they are needed; when the server
// is away, asked again after growing pauses.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <m3u_proxy/store/postgres/postgres_connection.hpp>

namespace m3u_proxy::store::postgres {

/// Thread-safe.
class ConnectionPool {
 public:
  /// A session for one piece of work; goes back to the pool unless it was lost.
  class Lease {
   public:
    Lease(ConnectionPool& pool, std::unique_ptr<PostgresConnection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_ != nullptr) pool_->give_back(std::move(connection_));
    }
    PostgresConnection& operator*() const { return *connection_; }
    PostgresConnection* operator->() const { return connection_.get(); }

   private:
    ConnectionPool* pool_;
    std::unique_ptr<PostgresConnection> connection_;
  };

  ConnectionPool(std::string url, std::string place, std::size_t most)
      : url_(std::move(url)), place_(std::move(place)), most_(most) {}

  /// Waits for a free session when all are in use. Errors: those of PostgresConnection::open(); in
  /// the pause after a failed try the same error at once.
  Result<Lease> take();
  /// A session beside the pool, under the same pauses.
  Result<std::unique_ptr<PostgresConnection>> connect();

  /// Closes idle sessions; how many. kUnused: those that were not used since the last call.
  enum class Which : std::uint8_t { kAll, kUnused };
  std::size_t close_idle(Which which);
  [[nodiscard]] std::size_t idle() const;
  [[nodiscard]] const std::string& place() const { return place_; }

 private:
  struct Idle {
    std::unique_ptr<PostgresConnection> connection;
    bool used = true;
  };
  void give_back(std::unique_ptr<PostgresConnection> connection);
  void leave();

  std::string url_;
  std::string place_;
  std::size_t most_;
  mutable std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<Idle> idle_;
  std::size_t open_ = 0;  ///< leased and idle
  std::mutex pause_mutex_;
  std::chrono::milliseconds pause_{};
  std::chrono::steady_clock::time_point next_try_;
  Error last_error_;
};

}  // namespace m3u_proxy::store::postgres
