#include <m3u_proxy/io/shared_library.hpp>
#include <m3u_proxy/store/sqlite/open_errors.hpp>
#include <m3u_proxy/store/sqlite/sqlite_library.hpp>

namespace m3u_proxy::store::sqlite {
namespace {

constexpr const char* kHint = "the database needs SQLite 3.39 or newer: install libsqlite3-0";
constexpr int kOldest = 3039000;  // HAVING without GROUP BY

Result<SqliteLibrary> load() {
  M3U_TRY(const io::SharedLibrary library, io::SharedLibrary::load("libsqlite3.so.0", kHint));
  SqliteLibrary sqlite{};
#define M3U_FIND(name) M3U_CHECK(library.find(#name, sqlite.name));
  M3U_SQLITE_FUNCTIONS(M3U_FIND)
#undef M3U_FIND
  M3U_CHECK(library.find("sqlite3_temp_directory", sqlite.temp_directory));
  if (sqlite.sqlite3_libversion_number() < kOldest)
    return fail(ErrorCode::kIo, "the installed SQLite is too old", kHint);
  if (sqlite.sqlite3_threadsafe() == 0)
    return fail(ErrorCode::kIo, "the installed SQLite was built for one thread only", kHint);
  watch_opened_files(sqlite);
  return sqlite;
}

}  // namespace

Result<const SqliteLibrary*> sqlite_library() {
  static const Result<SqliteLibrary> kLibrary = load();
  if (!kLibrary) return fail(kLibrary.error());
  return &*kLibrary;
}

}  // namespace m3u_proxy::store::sqlite
