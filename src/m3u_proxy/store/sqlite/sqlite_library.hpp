// SQLite, loaded when a store in it is opened: `generate` does not pay for it.
#pragma once

#include <sqlite3.h>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::store::sqlite {

#define M3U_SQLITE_FUNCTIONS(X)    \
  X(sqlite3_bind_double)           \
  X(sqlite3_bind_int64)            \
  X(sqlite3_bind_null)             \
  X(sqlite3_bind_parameter_index)  \
  X(sqlite3_bind_text64)           \
  X(sqlite3_busy_timeout)          \
  X(sqlite3_changes)               \
  X(sqlite3_clear_bindings)        \
  X(sqlite3_close_v2)              \
  X(sqlite3_column_bytes)          \
  X(sqlite3_column_count)          \
  X(sqlite3_column_double)         \
  X(sqlite3_column_int64)          \
  X(sqlite3_column_text)           \
  X(sqlite3_column_type)           \
  X(sqlite3_db_release_memory)     \
  X(sqlite3_db_status)             \
  X(sqlite3_errmsg)                \
  X(sqlite3_exec)                  \
  X(sqlite3_extended_errcode)      \
  X(sqlite3_extended_result_codes) \
  X(sqlite3_finalize)              \
  X(sqlite3_get_autocommit)        \
  X(sqlite3_hard_heap_limit64)     \
  X(sqlite3_libversion_number)     \
  X(sqlite3_memory_used)           \
  X(sqlite3_mprintf)               \
  X(sqlite3_open_v2)               \
  X(sqlite3_prepare_v3)            \
  X(sqlite3_reset)                 \
  X(sqlite3_step)                  \
  X(sqlite3_system_errno)          \
  X(sqlite3_threadsafe)            \
  X(sqlite3_vfs_find)

/// What we use of SQLite, typed by its own header.
struct SqliteLibrary {
#define M3U_MEMBER(name) decltype(&::name) name;
  M3U_SQLITE_FUNCTIONS(M3U_MEMBER)
#undef M3U_MEMBER
  char** temp_directory;  ///< the variable sqlite3_temp_directory
};

/// Loads it once and keeps it for good. Thread-safe.
/// Error: kIo, naming the package, when it is not installed or too old.
Result<const SqliteLibrary*> sqlite_library();

}  // namespace m3u_proxy::store::sqlite
