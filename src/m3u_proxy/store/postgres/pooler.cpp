#include <m3u_proxy/store/postgres/pooler.hpp>

namespace m3u_proxy::store::postgres {
namespace {

Result<std::int64_t> real_process(PostgresConnection& connection) {
  M3U_TRY(const auto process,
          sql::query_one(connection, "SELECT pg_backend_pid()", {},
                         [](sql::Columns& columns) { return columns.integer(); }));
  return process.value_or(0);
}

std::unexpected<Error> refused(const std::string& place) {
  return fail(ErrorCode::kConfig,
              place + " is a pooler that shares sessions (PgBouncer with pool_mode transaction)",
              "connect to the server itself, or set pool_mode = session");
}

}  // namespace

Result<> check_pooler(ConnectionPool& pool) {
  M3U_TRY(const auto first, pool.connect());
  M3U_TRY(const std::int64_t process, real_process(*first));
  if (process == first->announced_process()) return {};
  // There is a pooler. In session mode each of us has a server process of its own; otherwise a
  // second session's transaction gets the one that the first has just left, or makes the first
  // move to another.
  M3U_TRY(const auto second, pool.connect());
  const auto began = second->script("BEGIN");
  // Statement mode does not know transactions.
  if (!began) return refused(pool.place());
  M3U_TRY(const std::int64_t other, real_process(*second));
  if (other == process) return refused(pool.place());
  M3U_TRY(const std::int64_t process_now, real_process(*first));
  if (process_now != process) return refused(pool.place());
  return second->script("ROLLBACK");
}

}  // namespace m3u_proxy::store::postgres
