#include <fmt/format.h>

#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::store {
namespace {

/// The database remembers the key that it was made with.
Result<> check_key(sql::Database& database, const SecretKey& key) {
  return database.transact(sql::Access::kExclusive, [&](sql::Connection& connection) -> Result<> {
    M3U_TRY(const auto known,
            sql::query_one(connection, "SELECT value FROM store_state WHERE name = 'secret_key'",
                           {}, [](sql::Columns& columns) { return columns.text(); }));
    if (!known) {
      M3U_CHECK(sql::execute(connection, "INSERT INTO store_state VALUES ('secret_key', $1)",
                             {key.id()}));
      return {};
    }
    if (*known == key.id()) return {};
    return fail(ErrorCode::kConfig,
                fmt::format("{} belongs to the secret key {}, this one is {}", database.place(),
                            *known, key.id()),
                "put back the secret.key that was in the data folder, or that of the other "
                "replicas");
  });
}

}  // namespace

Store::Store(std::unique_ptr<sql::Database> database, SecretKey key)
    : database_(std::move(database)),
      key_(std::move(key)),
      entities_(*database_, key_),
      snapshots_(*database_),
      generations_(*database_),
      jobs_(*database_),
      edits_(*database_),
      runs_(*database_),
      settings_(*database_),
      users_(*database_),
      tokens_(*database_),
      audit_log_(*database_),
      logos_(*database_) {}

Result<std::unique_ptr<Store>> Store::start(std::unique_ptr<sql::Database> database, SecretKey key,
                                            std::string_view program, Time now,
                                            std::span<const sql::Migration> migrations) {
  M3U_CHECK(sql::migrate(*database, migrations, program, now));
  M3U_CHECK(check_key(*database, key));
  return std::unique_ptr<Store>(new Store(std::move(database), std::move(key)));
}

}  // namespace m3u_proxy::store
