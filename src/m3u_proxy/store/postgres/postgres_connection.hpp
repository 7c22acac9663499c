// PostgresConnection: one session of a PostgreSQL server.
#pragma once

#include <memory>
#include <string>

#include <m3u_proxy/store/postgres/postgres_library.hpp>
#include <m3u_proxy/store/sql/connection.hpp>

namespace m3u_proxy::store::postgres {

/// "postgresql://host:port/name" of an address, without user and password.
/// Errors: kConfig (it is no address), kIo (no libpq).
Result<std::string> place_of(const std::string& url);

/// Not thread-safe.
class PostgresConnection final : public sql::Connection {
 public:
  /// Connects within 10 seconds; times are UTC, texts UTF-8, no statement waits longer than 30
  /// seconds for a lock. Errors: kUnavailable, kConfig (who we are, which database, a server older
  /// than 12), kIo (no libpq).
  static Result<std::unique_ptr<PostgresConnection>> open(const std::string& url,
                                                          const std::string& place);
  ~PostgresConnection() override;

  Result<std::int64_t> run(std::string_view statement, std::span<const sql::Value> values,
                           const OnRow& on_row) override;
  Result<> script(std::string_view statements) override;
  [[nodiscard]] const sql::Dialect& dialect() const override;
  /// By COPY: a statement a row would wait for the server each time.
  Result<std::int64_t> append(std::string_view table, std::span<const std::string_view> columns,
                              const RowSource& next) override;
  /// The rows of "table (column, …)", one after the other, each a line in the text format of COPY
  /// with its end. `on_line`'s error is returned once the rest was read. Errors: as run().
  using OnLine = std::function<Result<>(std::string_view line)>;
  Result<> copy_out(std::string_view table, const OnLine& on_line);

  /// Whether the server is still there as far as the socket knows, of a session that does not
  /// listen; costs one system call.
  [[nodiscard]] bool is_alive();
  /// SQLSTATE of the last error; empty when there was none, or the connection is lost.
  [[nodiscard]] std::string_view last_state() const { return state_; }
  [[nodiscard]] bool is_lost() const;

  /// For those who wait for notifications.
  [[nodiscard]] int socket() const;
  /// Hands out what has arrived. Error: kUnavailable.
  using OnNotification = std::function<void(std::string_view payload)>;
  Result<> take_notifications(const OnNotification& on_notification);

  /// The server process that we were told when connecting: not the real one behind a pooler.
  [[nodiscard]] std::int64_t announced_process() const;

 private:
  PostgresConnection(const PostgresLibrary& postgres, PGconn* handle, std::string place)
      : postgres_(&postgres), handle_(handle), place_(std::move(place)) {}
  Result<> configure();
  /// Sends rows after a COPY has begun; how many.
  Result<std::int64_t> send_rows(std::size_t columns, const RowSource& next);
  /// What a COPY ends with.
  Result<> end_copy();
  std::unexpected<Error> failure(const PGresult* result);
  /// Reads the rest of an answer so that the session can go on.
  void drain();

  const PostgresLibrary* postgres_;
  PGconn* handle_;
  std::string place_;
  std::string state_;
};

}  // namespace m3u_proxy::store::postgres
