// Opening a store: an address decides which database it is in.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::store {

struct OpenOptions {
  /// "postgresql://user:password@host:port/name"; empty: SQLite, in `data`/m3u-proxy.sqlite.
  std::string url{};
  std::filesystem::path data{};  ///< an existing folder; the secret key is there in any case
  /// For SQLite's temporary files, on a real disk; empty: `data`.
  std::filesystem::path temporary{};
  memory::Budget* budget = nullptr;  ///< where the database's fixed share is reserved
  Bytes sqlite_cache = mib(4);
  Bytes sqlite_heap = mib(8);  ///< the most that SQLite may take, the cache included
  Duration busy_timeout{5000};
  /// PostgreSQL takes the lead from who has not called lead() for so long; 0: from nobody whose
  /// connection lives.
  std::chrono::seconds longest_silence{};
  std::string program{};  ///< this program's version
  Time now{};
  std::span<const sql::Migration> migrations = sql::migrations();
};

/// Errors: kConfig (the address, another secret key, a newer schema, a network file system under
/// SQLite, a pooler that shares sessions), kUnavailable, kOverBudget, kDiskFull, kIo, kParse (the
/// key file).
Result<std::unique_ptr<Store>> open_store(const OpenOptions& options);

}  // namespace m3u_proxy::store
