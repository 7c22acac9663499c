#include <fmt/format.h>

#include <m3u_proxy/store/entity_rows.hpp>
#include <m3u_proxy/store/settings.hpp>

namespace m3u_proxy::store {
namespace {

using sql::Access;
using sql::Columns;
using sql::Connection;

Setting setting_of(Columns& columns) {
  Setting setting;
  setting.key = columns.text();
  setting.value = columns.text();
  setting.revision = columns.integer();
  setting.updated = columns.time();
  return setting;
}

Result<std::optional<Setting>> load(Connection& connection, std::string_view key) {
  return sql::query_one(connection,
                        "SELECT key, value, revision, updated FROM settings WHERE key = $1", {key},
                        setting_of);
}

Result<> check_revision(std::string_view key, const std::optional<Setting>& stored,
                        std::int64_t expected) {
  const std::int64_t revision = stored ? stored->revision : 0;
  if (revision == expected) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("{} was changed meanwhile: revision {}, not {}", key, revision, expected),
              "look at it again and repeat the change");
}

Result<> changed(sql::Database& database, Connection& connection) {
  M3U_CHECK(sql::count_revision(connection));
  return database.announce(connection, Topic::kSettings);
}

}  // namespace

Result<std::optional<Setting>> Settings::find(std::string_view key) {
  return sql::transact<std::optional<Setting>>(
      *database_, Access::kRead, [&](Connection& connection) { return load(connection, key); });
}

Result<std::vector<Setting>> Settings::list() {
  return sql::transact<std::vector<Setting>>(*database_, Access::kRead, [](Connection& connection) {
    return sql::query_all(connection,
                          "SELECT key, value, revision, updated FROM settings ORDER BY key", {},
                          setting_of);
  });
}

Result<Setting> Settings::put(std::string_view key, std::string_view value, std::int64_t expected,
                              Time now) {
  return sql::transact<Setting>(
      *database_, Access::kExclusive, [&](Connection& connection) -> Result<Setting> {
        M3U_TRY(const auto stored, load(connection, key));
        M3U_CHECK(check_revision(key, stored, expected));
        M3U_CHECK(sql::execute(connection,
                               "INSERT INTO settings (key, value, revision, updated)"
                               " VALUES ($1, $2, $3, $4) ON CONFLICT (key) DO UPDATE SET"
                               " value = excluded.value, revision = excluded.revision,"
                               " updated = excluded.updated",
                               {key, value, expected + 1, now}));
        M3U_CHECK(changed(*database_, connection));
        return Setting{.key = std::string(key),
                       .value = std::string(value),
                       .revision = expected + 1,
                       .updated = now};
      });
}

Result<> Settings::erase(std::string_view key, std::int64_t expected) {
  return database_->transact(Access::kExclusive, [&](Connection& connection) -> Result<> {
    M3U_TRY(const auto stored, load(connection, key));
    if (!stored) return fail(ErrorCode::kNotFound, fmt::format("{} is not set", key));
    M3U_CHECK(check_revision(key, stored, expected));
    M3U_CHECK(sql::execute(connection, "DELETE FROM settings WHERE key = $1", {key}));
    return changed(*database_, connection);
  });
}

}  // namespace m3u_proxy::store
