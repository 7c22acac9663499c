// PostgresDatabase: the store's database on a PostgreSQL server, shared by any number of replicas.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/store/sql/database.hpp>

namespace m3u_proxy::store::postgres {

struct Options {
  std::string url{};                       ///< postgresql://user:password@host:port/name
  std::filesystem::path data{};            ///< the folder for backups before migrations
  memory::Budget* budget = nullptr;        ///< reserves `buffers` there as long as it is open
  Bytes buffers = mib(4);                  ///< libpq's for all sessions
  std::size_t sessions = 4;                ///< at the same time, besides those that lead and listen
  std::chrono::seconds longest_silence{};  ///< of who leads; 0: any
};

/// Errors: kConfig (the address, who we are, a pooler that shares sessions), kUnavailable,
/// kOverBudget, kIo (no libpq).
Result<std::unique_ptr<sql::Database>> open_database(const Options& options);

}  // namespace m3u_proxy::store::postgres
