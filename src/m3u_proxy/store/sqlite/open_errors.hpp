// Why SQLite could not open a file for writing. It tries once more to read only, and what that
// second call says is all that sqlite3_system_errno() knows: a full disk looks like a missing file.
#pragma once

#include <m3u_proxy/store/sqlite/sqlite_library.hpp>

namespace m3u_proxy::store::sqlite {

/// Notes from now on how the calls end by which SQLite opens files. To be called once, before the
/// first database is opened; without effect where SQLite does not let its calls be replaced.
void watch_opened_files(const SqliteLibrary& sqlite);

/// The errno of this thread's last call that opened a file for writing; 0 when it did.
[[nodiscard]] int last_open_errno();

}  // namespace m3u_proxy::store::sqlite
