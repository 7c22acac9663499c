// SqliteDatabase: the store's database in one file: one session that writes, a few that read.
#pragma once

#include <filesystem>
#include <memory>

#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/store/sql/database.hpp>

namespace m3u_proxy::store::sqlite {

struct Options {
  std::filesystem::path file{};       ///< made when it is not there
  std::filesystem::path temporary{};  ///< a folder on a real disk for SQLite's temporary files
  memory::Budget* budget = nullptr;   ///< reserves `heap` there as long as it is open
  Bytes cache = mib(4);               ///< of all sessions together
  /// The most that SQLite may take, cache included; it holds for all databases of the process.
  Bytes heap = mib(8);
  Duration busy_timeout{5000};  ///< how long a lock of another program is waited for
  int readers = 2;              ///< sessions that read at the same time, 1 to 8
};

/// Errors: kConfig (a network file system), kOverBudget, kIo, kDiskFull, kUnavailable (locked).
Result<std::unique_ptr<sql::Database>> open_database(const Options& options);

}  // namespace m3u_proxy::store::sqlite
