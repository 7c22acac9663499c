#include <m3u_proxy/store/open/open_store.hpp>
#include <m3u_proxy/store/postgres/postgres_database.hpp>
#include <m3u_proxy/store/sqlite/sqlite_database.hpp>

namespace m3u_proxy::store {
namespace {

constexpr std::string_view kFileName = "m3u-proxy.sqlite";

Result<std::unique_ptr<sql::Database>> open_database(const OpenOptions& options) {
  if (options.url.empty())
    return sqlite::open_database(
        {.file = options.data / kFileName,
         .temporary = options.temporary.empty() ? options.data : options.temporary,
         .budget = options.budget,
         .cache = options.sqlite_cache,
         .heap = options.sqlite_heap,
         .busy_timeout = options.busy_timeout});
  if (options.url.starts_with("postgresql://") || options.url.starts_with("postgres://"))
    return postgres::open_database({.url = options.url,
                                    .data = options.data,
                                    .budget = options.budget,
                                    .longest_silence = options.longest_silence});
  return fail(
      ErrorCode::kConfig, "database.url is neither empty nor an address of PostgreSQL",
      "leave it out for SQLite in the data folder, or postgresql://user:password@host/name");
}

}  // namespace

Result<std::unique_ptr<Store>> open_store(const OpenOptions& options) {
  M3U_TRY(auto database, open_database(options));
  M3U_TRY(auto key, SecretKey::open(options.data));
  return Store::start(std::move(database), std::move(key), options.program, options.now,
                      options.migrations);
}

}  // namespace m3u_proxy::store
