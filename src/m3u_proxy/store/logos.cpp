#include <m3u_proxy/store/logos.hpp>

namespace m3u_proxy::store {
namespace {

using sql::Access;
using sql::Columns;
using sql::Connection;

Logo logo_of(Columns& columns) {
  Logo logo;
  logo.id = columns.uuid();
  logo.name = columns.text();
  logo.mime = columns.text();
  logo.bytes = columns.count();
  logo.content_hash = columns.text();
  logo.created = columns.time();
  return logo;
}

}  // namespace

Result<> Logos::add(const Logo& logo) {
  return database_->transact(Access::kWrite, [&](Connection& connection) -> Result<> {
    M3U_CHECK(
        sql::execute(connection,
                     "INSERT INTO logos (id, name, mime, bytes, content_hash, created)"
                     " VALUES ($1, $2, $3, $4, $5, $6)",
                     {logo.id, logo.name, logo.mime, logo.bytes, logo.content_hash, logo.created}));
    return database_->announce(connection, Topic::kLogos);
  });
}

Result<std::optional<Logo>> Logos::find(const Uuid& id) {
  return sql::transact<std::optional<Logo>>(*database_, Access::kRead, [&](Connection& connection) {
    return sql::query_one(
        connection, "SELECT id, name, mime, bytes, content_hash, created FROM logos WHERE id = $1",
        {id}, logo_of);
  });
}

Result<std::vector<Logo>> Logos::list() {
  return sql::transact<std::vector<Logo>>(*database_, Access::kRead, [](Connection& connection) {
    return sql::query_all(
        connection,
        "SELECT id, name, mime, bytes, content_hash, created FROM logos ORDER BY name, id", {},
        logo_of);
  });
}

Result<bool> Logos::erase(const Uuid& id) {
  return sql::transact<bool>(
      *database_, Access::kExclusive, [&](Connection& connection) -> Result<bool> {
        M3U_TRY(const auto hash,
                sql::query_one(connection, "DELETE FROM logos WHERE id = $1 RETURNING content_hash",
                               {id}, [](Columns& columns) { return columns.text(); }));
        if (!hash) return fail(ErrorCode::kNotFound, "there is no such logo");
        M3U_TRY(const auto other,
                sql::query_one(connection, "SELECT 1 FROM logos WHERE content_hash = $1 LIMIT 1",
                               {*hash}, [](Columns& columns) { return columns.integer(); }));
        M3U_CHECK(database_->announce(connection, Topic::kLogos));
        return other.has_value();
      });
}

}  // namespace m3u_proxy::store
