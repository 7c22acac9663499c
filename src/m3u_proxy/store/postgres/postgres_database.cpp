#include <mutex>
#include <thread>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/store/postgres/connection_pool.hpp>
#include <m3u_proxy/store/postgres/pooler.hpp>
#include <m3u_proxy/store/postgres/postgres_backup.hpp>
#include <m3u_proxy/store/postgres/postgres_changes.hpp>
#include <m3u_proxy/store/postgres/postgres_database.hpp>
#include <m3u_proxy/store/postgres/postgres_error.hpp>

namespace m3u_proxy::store::postgres {
namespace {

using sql::Access;

// Advisory locks are numbers that only m3u-proxy's programs agree on.
constexpr std::int64_t kExclusiveLock = 0x6D33'7570'7278'0001;
constexpr std::int64_t kLeaderLock = 0x6D33'7570'7278'0002;
/// A leader whose machine or network is gone, or that hangs, says nothing, and its session would
/// keep the lock for hours: the server ends it when its probes are not answered, or nothing is
/// asked.
constexpr std::string_view kEndSilentLeaders =
    "SELECT set_config(name, value, false) FROM (VALUES ('tcp_keepalives_idle', '3'),"
    " ('tcp_keepalives_interval', '2'), ('tcp_keepalives_count', '3'),"
    " ('tcp_user_timeout', '9000'), ('idle_session_timeout', $1::text)) AS wanted(name, value)"
    " WHERE name IN (SELECT name FROM pg_settings)";
constexpr int kRepeats = 5;
constexpr std::chrono::milliseconds kRepeatPause{10};
constexpr Bytes kSessionSize = kib(64);  ///< about what an idle one holds

class PostgresDatabase final : public sql::Database {
 public:
  PostgresDatabase(std::shared_ptr<ConnectionPool> pool, memory::Reservation reserved,
                   const Options& options)
      : pool_(std::move(pool)),
        reserved_(std::move(reserved)),
        data_(options.data),
        longest_silence_(options.longest_silence) {}

  Result<> transact(Access access, const Work& work) override;
  Result<> announce(sql::Connection& connection, Topic topic) override {
    M3U_CHECK(sql::execute(connection, "SELECT pg_notify($1, $2)", {kChannel, to_string(topic)}));
    return {};
  }
  Result<std::unique_ptr<ChangeFeed>> watch() override { return listen(pool_); }
  Result<bool> lead() override;
  void resign() override {
    const std::scoped_lock lock(leader_mutex_);
    candidate_.reset();
    leads_ = false;
  }

  Result<> back_up(sql::Connection& connection, std::span<const std::string> tables,
                   const std::filesystem::path& file) override {
    // A transaction of ours has a session of ours.
    return write_backup(static_cast<PostgresConnection&>(connection), tables, file, place());
  }
  [[nodiscard]] std::filesystem::path backup_path(int schema_version) const override {
    return data_ / fmt::format("m3u-proxy.postgresql.schema{}.backup.sql", schema_version);
  }
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
  std::filesystem::path data_;
  std::chrono::seconds longest_silence_;
  std::mutex leader_mutex_;
  Result<bool> try_to_lead();
  std::unique_ptr<PostgresConnection> candidate_;  ///< whose session has the leader's lock, or asks
  bool leads_ = false;
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
  if (candidate_ != nullptr && leads_) {
    // The lock lives as long as its session.
    if (sql::execute(*candidate_, "SELECT 1")) return true;
    log::warn("store", "{}: the lead is lost with the connection", place());
    candidate_.reset();
  }
  leads_ = false;
  auto taken = try_to_lead();
  if (!taken && candidate_ != nullptr && candidate_->is_lost()) {
    // It had died unseen while somebody else led.
    candidate_.reset();
    taken = try_to_lead();
  }
  if (!taken) {
    candidate_.reset();
    return taken;
  }
  leads_ = *taken;
  return leads_;
}

Result<bool> PostgresDatabase::try_to_lead() {
  if (candidate_ == nullptr) {
    M3U_TRY(auto connection, pool_->connect());
    // An older server knows only the probes.
    const auto end =
        std::chrono::duration_cast<std::chrono::milliseconds>(longest_silence_).count();
    M3U_CHECK(sql::execute(*connection, kEndSilentLeaders, {fmt::format("{}", end)}));
    candidate_ = std::move(connection);
  }
  M3U_TRY(const auto taken,
          sql::query_one(*candidate_, "SELECT pg_try_advisory_lock($1)::int", {kLeaderLock},
                         [](sql::Columns& columns) { return columns.boolean(); }));
  return taken.value_or(false);
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
  return std::make_unique<PostgresDatabase>(std::move(pool), std::move(reserved), options);
}

}  // namespace m3u_proxy::store::postgres
