// SqliteConnection: a session of a SQLite database, with its prepared statements.
#pragma once

#include <filesystem>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/store/sql/connection.hpp>
#include <m3u_proxy/store/sqlite/sqlite_library.hpp>

namespace m3u_proxy::store::sqlite {

/// Not thread-safe.
class SqliteConnection final : public sql::Connection {
 public:
  struct Options {
    std::filesystem::path file{};
    Bytes cache{};
    Duration busy_timeout{};
  };
  /// Opens the file, which may be empty, in WAL mode. Errors: kIo, kDiskFull, kUnavailable.
  static Result<std::unique_ptr<SqliteConnection>> open(const Options& options);
  ~SqliteConnection() override;

  Result<std::int64_t> run(std::string_view statement, std::span<const sql::Value> values,
                           const OnRow& on_row) override;
  Result<> script(std::string_view statements) override;
  [[nodiscard]] const sql::Dialect& dialect() const override;

  /// Whether a transaction is open.
  [[nodiscard]] bool in_transaction() const;
  /// Frees cached pages; how many bytes.
  Bytes release_cache();
  [[nodiscard]] Bytes cache_size() const;
  /// Drops all prepared statements, or those not used since the last call of any of the two; how
  /// many.
  std::size_t drop_statements();
  std::size_t drop_unused_statements();

 private:
  struct Statement {
    std::string text;
    sqlite3_stmt* handle;
    bool used;
    std::vector<int> places{};  ///< where its values $1, $2 … are: looked for once
  };

  SqliteConnection(const SqliteLibrary& sqlite, sqlite3* handle, std::string place)
      : sqlite_(&sqlite), handle_(handle), place_(std::move(place)) {}
  Result<> configure(const Options& options);
  Result<> switch_to_wal();
  /// Takes it out of the kept ones, or prepares it.
  Result<Statement> take(std::string_view text);
  void keep(Statement statement);
  Result<> bind(const Statement& statement, std::span<const sql::Value> values);
  Result<std::int64_t> step_all(const Statement& statement, const OnRow& on_row);
  [[nodiscard]] std::unexpected<Error> failure() const;

  const SqliteLibrary* sqlite_;
  sqlite3* handle_;
  std::string place_;
  std::list<Statement> statements_;  ///< the last used in front
};

}  // namespace m3u_proxy::store::sqlite
