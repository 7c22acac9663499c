// Database: what an engine does for the store besides running statements: sessions, transactions,
// news of changes, who leads, backups.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <m3u_proxy/memory/cleanable.hpp>
#include <m3u_proxy/store/changes.hpp>
#include <m3u_proxy/store/sql/connection.hpp>

namespace m3u_proxy::store::sql {

/// How a piece of work uses the database.
enum class Access : std::uint8_t {
  kRead,       ///< single statements; each sees what was committed when it began
  kSnapshot,   ///< one transaction that changes nothing: all its statements see one moment
  kWrite,      ///< one transaction; rows that it changes are locked, others are not
  kExclusive,  ///< one transaction, and no other exclusive one beside it
};

/// Thread-safe.
class Database : public memory::MemoryCleanable {
 public:
  using Work = std::function<Result<>(Connection&)>;

  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs `work` on a session of its own: for all but kRead in a transaction that is
  /// committed when `work` succeeds and rolled back otherwise. `work` may run again when the
  /// database asks for that (deadlocks, a connection lost before the first statement), so it sets
  /// what it returns and does not add to it. It must not call back into the Database.
  virtual Result<> transact(Access access, const Work& work) = 0;
  /// Within a transaction: tells every ChangeFeed once it is committed.
  virtual Result<> announce(Connection& connection, Topic topic) = 0;

  /// Error: kUnavailable.
  virtual Result<std::unique_ptr<ChangeFeed>> watch() = 0;
  /// Whether this process leads: takes the lead when nobody has it, and says so as long as it does.
  /// Error: kUnavailable: then it does not lead (any more).
  virtual Result<bool> lead() = 0;
  virtual void resign() = 0;

  /// Within a transaction that has changed nothing yet: writes a copy to a new file, readable by
  /// its owner only: of `tables`, or of more where the engine copies it all. Until the transaction
  /// ends nobody changes what was copied. Takes little memory, whatever the size; after an error
  /// there is no file. Errors: kConflict (there is such a file), kDiskFull, kNotFound (no such
  /// folder), kIo, and those of Connection::run().
  virtual Result<> back_up(Connection& connection, std::span<const std::string> tables,
                           const std::filesystem::path& file) = 0;
  /// Where a backup before a migration goes.
  [[nodiscard]] virtual std::filesystem::path backup_path(int schema_version) const = 0;
  /// Reads everything and checks it. Error: kIo, with the first findings.
  virtual Result<> check() = 0;
  /// Where it is, for messages: without credentials.
  [[nodiscard]] virtual std::string_view place() const = 0;
};

/// transact() whose work returns a value.
template <typename T, typename F>
Result<T> transact(Database& database, Access access, const F& work) {
  std::optional<T> value;
  M3U_CHECK(database.transact(access, [&](Connection& connection) -> Result<> {
    M3U_TRY(value, work(connection));
    return {};
  }));
  return *std::move(value);
}

}  // namespace m3u_proxy::store::sql
