#include <cerrno>

#include <fcntl.h>

#include <m3u_proxy/store/sqlite/open_errors.hpp>

namespace m3u_proxy::store::sqlite {
namespace {

using Open = int (*)(const char*, int, int);

Open open_of_sqlite = nullptr;
thread_local int open_errno = 0;

int open_and_note(const char* path, int flags, int permissions) {
  const int descriptor = open_of_sqlite(path, flags, permissions);
  if ((flags & O_ACCMODE) != O_RDONLY) open_errno = descriptor < 0 ? errno : 0;
  return descriptor;
}

}  // namespace

void watch_opened_files(const SqliteLibrary& sqlite) {
  constexpr int kHasSystemCalls = 3;
  sqlite3_vfs* const files = sqlite.sqlite3_vfs_find(nullptr);
  if (files == nullptr || files->iVersion < kHasSystemCalls) return;
  open_of_sqlite = reinterpret_cast<Open>(files->xGetSystemCall(files, "open"));
  if (open_of_sqlite == nullptr) return;
  files->xSetSystemCall(files, "open", reinterpret_cast<sqlite3_syscall_ptr>(&open_and_note));
}

int last_open_errno() { return open_errno; }

}  // namespace m3u_proxy::store::sqlite
