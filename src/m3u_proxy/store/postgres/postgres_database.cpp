#include <mutex>
#include <thread>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/store/postgres/connection_pool.hpp>
#include <m3u_proxy/store/postgres/pooler.hpp>
#include <m3u_proxy/store/postgres/postgres_changes.hpp>
#include <m3u_proxy/store/postgres/postgres_database.hpp>
#include <m3u_proxy/store/postgres/postgres_error.hpp>

namespace m3u_proxy::store::postgres {
namespace {

using sql::Access;

// Advisory locks are numbers that only m3u-proxy's programs agree on.
constexpr std::int64_t kExclusiveLock = 0x6D33'7570'7278'0001;
constexpr std::int64_t kLeaderLock = 0x6D33'7570'7278'0002;
constexpr int kRepeats = 5;
constexpr std::chrono::milliseconds kRepeatPause{10};
constexpr Bytes kSessionSize = kib(64);  ///< about what an idle one holds

class PostgresDatabase final : public sql::Database {
 public:
  PostgresDatabase(std::shared_ptr<ConnectionPool> pool, memory::Reservation reserved)
      : pool_(std::move(pool)), reserved_(std::move(reserved)) {}

  Result<> transact(Access access, const Work& work) override;
  Result<> announce(sql::Connection& connection, Topic topic) override {
    M3U_CHECK(sql::execute(connection, "SELECT pg_notify($1, $2)", {kChannel, to_string(topic)}));
    return {};
  }
  Result<std::unique_ptr<ChangeFeed>> watch() override { return listen(pool_); }
  Result<bool> lead() override;
  void resign() override {
    const std::scoped_lock lock(leader_mutex_);
    leader_.reset();
  }

  [[nodiscard]] bool backs_up() const override { return false; }
  Result<> back_up(const std::filesystem::path&) override {
    return fail(ErrorCode::kInvalidArgument, "PostgreSQL makes its own backups", "use pg_dump");
  }
  [[nodiscard]] std::filesystem::path backup_path(int) const override { return {}; }
  Result<> check() override;
  [[nodiscard]] std::string_view place() const override { return pool_->place(); }

  /// A session takes some milliseconds to make: those in use stay.
  std::size_t basic_cleanup() override { return pool_->close_idle(ConnectionPool::Which::kUnused); }
  std::size_t aggressive_cleanup() override {
    return pool_->close_idle(ConnectionPool::Which::kAll);
  }
  [[nodiscard]] memory::MemoryUsage memory_usage() const override {
    const Bytes idle = kSessionSize * pool_->idle();
    return {.held = idle, .unused = idle};
  }

 private:
  struct Attempt {
    Result<> result;
    bool again = false;
  };
  Attempt try_write(Access access, const Work& work);

  std::shared_ptr<ConnectionPool> pool_;
  memory::Reservation reserved_;
  std::mutex leader_mutex_;
  std::unique_ptr<PostgresConnection> leader_;  ///< holds the leader's lock
};

Result<> begin(PostgresConnection& connection, Access access) {
  // What sees one moment reads whole tables: that may take longer than a page of the API.
  if (access == Access::kSnapshot)
    return connection.script(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '10min';"
        "SET LOCAL idle_in_transaction_session_timeout = '10min'");
  M3U_CHECK(connection.script("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"));
  if (access == Access::kExclusive)
    M3U_CHECK(sql::execute(connection, "SELECT pg_advisory_xact_lock($1)", {kExclusiveLock}));
  return {};
}

PostgresDatabase::Attempt PostgresDatabase::try_write(Access access, const Work& work) {
  auto lease = pool_->take();
  if (!lease) return {.result = fail(std::move(lease).error())};
  PostgresConnection& connection = **lease;
  if (auto began = begin(connection, access); !began) {
    // Nothing was done yet: where the session had died unseen, another will do.
    const bool again = connection.is_lost();
    if (!again) (void)connection.script("ROLLBACK");
    return {.result = std::move(began), .again = again};
  }
  Result<> result = work(connection);
  std::string state(connection.last_state());
  if (result) {
    result = connection.script("COMMIT");
    state = connection.last_state();
    if (result) return {};
  }
  if (!connection.is_lost()) (void)connection.script("ROLLBACK");
  return {.result = std::move(result), .again = is_to_repeat(state)};
}

Result<> PostgresDatabase::transact(Access access, const Work& work) {
  if (access == Access::kRead) {
    M3U_TRY(const auto lease, pool_->take());
    return work(*lease);
  }
  for (int attempt = 1;; ++attempt) {
    Attempt done = try_write(access, work);
    if (done.result || !done.again || attempt == kRepeats) return std::move(done.result);
    std::this_thread::sleep_for(kRepeatPause * attempt);
  }
}

Result<bool> PostgresDatabase::lead() {
  const std::scoped_lock lock(leader_mutex_);
  if (leader_ != nullptr) {
    // The lock lives as long as its session.
    if (sql::execute(*leader_, "SELECT 1")) return true;
    log::warn("store", "{}: the lead is lost with the connection", place());
    leader_.reset();
  }
  M3U_TRY(auto connection, pool_->connect());
  M3U_TRY(const auto taken,
          sql::query_one(*connection, "SELECT pg_try_advisory_lock($1)::int", {kLeaderLock},
                         [](sql::Columns& columns) { return columns.boolean(); }));
  if (!taken.value_or(false)) return false;
  leader_ = std::move(connection);
  return true;
}

Result<> PostgresDatabase::check() {
  // The server checks its pages itself when they are read: read every table.
  return transact(Access::kRead, [](sql::Connection& connection) -> Result<> {
    M3U_TRY(const auto tables,
            sql::query_all(connection,
                           "SELECT quote_ident(tablename) FROM pg_tables"
                           " WHERE schemaname = current_schema() ORDER BY tablename",
                           {}, [](sql::Columns& columns) { return columns.text(); }));
    for (const std::string& table : tables)
      M3U_CHECK(sql::execute(connection, fmt::format("SELECT COUNT(t) FROM {} t", table)));
    return {};
  });
}

}  // namespace

Result<std::unique_ptr<sql::Database>> open_database(const Options& options) {
  memory::Reservation reserved;
  if (options.budget != nullptr) {
    M3U_TRY(reserved, options.budget->reserve(memory::Tag::kStore, options.buffers));
  }
  M3U_TRY(std::string place, place_of(options.url));
  auto pool = std::make_shared<ConnectionPool>(options.url, std::move(place), options.sessions);
  M3U_CHECK(check_pooler(*pool));
  return std::make_unique<PostgresDatabase>(std::move(pool), std::move(reserved));
}

}  // namespace m3u_proxy::store::postgres
