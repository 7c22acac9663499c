// A library to preload: a system that fails the program at one call, so that a test can try every
// call in turn. What to do is in the environment variable FAULTY_SYSTEM:
//
//   full:N      the disk is full at the Nth call that takes room on it, and from then on
//   full-once:N the same, but only that once
//   kill:N      the process is killed (SIGKILL) before the Nth call that changes what others see:
//               those that take room, renaming, removing, and what is written to standard error
//   statfs:N    every folder is on a file system of the type N (statfs(2))
//   hang:PATH   while the file PATH is there, no fsync of a file returns; who waits makes PATH.waits
//   clock:N:S   from the Nth look at the wall clock on it is S seconds off, and then back, in turn
//
// At its end the program adds "<calls seen>\n" to the file that FAULTY_SYSTEM_CALLS names.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

enum Mode { kNone, kFull, kFullOnce, kKill, kClock, kStatfs, kHang };

static enum Mode mode;
static long fault_at;
static long clock_jump;
static const char* hangs_while;
static atomic_long calls;

__attribute__((constructor)) static void begin(void) {
  const char* text = getenv("FAULTY_SYSTEM");
  if (text == NULL) return;
  const char* number = strchr(text, ':');
  if (number == NULL) abort();
  if (strncmp(text, "full:", 5) == 0) mode = kFull;
  if (strncmp(text, "full-once:", 10) == 0) mode = kFullOnce;
  if (strncmp(text, "kill:", 5) == 0) mode = kKill;
  if (strncmp(text, "clock:", 6) == 0) mode = kClock;
  if (strncmp(text, "statfs:", 7) == 0) mode = kStatfs;
  if (strncmp(text, "hang:", 5) == 0) mode = kHang;
  if (mode == kHang) hangs_while = number + 1;
  char* end = NULL;
  fault_at = strtol(number + 1, &end, 10);
  if (mode == kClock) clock_jump = strtol(end + 1, NULL, 10);
}

__attribute__((destructor)) static void finish(void) {
  const char* path = getenv("FAULTY_SYSTEM_CALLS");
  if (path == NULL) return;
  char line[32];
  const int size = snprintf(line, sizeof line, "%ld\n", atomic_load(&calls));
  const int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  syscall(SYS_write, fd, line, (size_t)size);
  syscall(SYS_close, fd);
}

// A call that others could see the effect of.
static void visible(void) {
  if (mode != kKill) return;
  if (atomic_fetch_add(&calls, 1) + 1 == fault_at) kill(getpid(), SIGKILL);
}

// Whether the disk has no room for a call.
static int is_full(void) {
  visible();
  if (mode != kFull && mode != kFullOnce) return 0;
  const long call = atomic_fetch_add(&calls, 1) + 1;
  if (call != fault_at && (mode == kFullOnce || call < fault_at)) return 0;
  errno = ENOSPC;
  return 1;
}

static int on_disk(int fd) {
  struct stat info;
  return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

#define REAL(result, name, ...) \
  ((result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

ssize_t write(int fd, const void* data, size_t size) {
  if (on_disk(fd) && is_full()) return -1;
  return REAL(ssize_t, "write", int, const void*, size_t)(fd, data, size);
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
  if (on_disk(fd) && is_full()) return -1;
  return REAL(ssize_t, "writev", int, const struct iovec*, int)(fd, parts, count);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  if (on_disk(fd) && is_full()) return -1;
  return REAL(ssize_t, "pwrite", int, const void*, size_t, off_t)(fd, data, size, offset);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return pwrite(fd, data, size, offset);
}

ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t offset) {
  if (on_disk(fd) && is_full()) return -1;
  return REAL(ssize_t, "pwritev", int, const struct iovec*, int, off_t)(fd, parts, count, offset);
}
ssize_t pwritev64(int fd, const struct iovec* parts, int count, off64_t offset) {
  return pwritev(fd, parts, count, offset);
}

ssize_t copy_file_range(int from, off64_t* from_at, int to, off64_t* to_at, size_t size,
                        unsigned flags) {
  if (is_full()) return -1;
  return REAL(ssize_t, "copy_file_range", int, off64_t*, int, off64_t*, size_t, unsigned)(
      from, from_at, to, to_at, size, flags);
}

// A disk that does not answer any more.
static void may_hang(void) {
  if (mode != kHang || access(hangs_while, F_OK) != 0) return;
  char waits[4096];
  snprintf(waits, sizeof waits, "%s.waits", hangs_while);
  close((int)syscall(SYS_openat, AT_FDCWD, waits, O_WRONLY | O_CREAT, 0600));
  while (access(hangs_while, F_OK) == 0) usleep(10000);
}

int fsync(int fd) {
  if (on_disk(fd) && is_full()) return -1;
  if (on_disk(fd)) may_hang();
  return REAL(int, "fsync", int)(fd);
}

int mkdir(const char* path, mode_t permissions) {
  if (is_full()) return -1;
  return REAL(int, "mkdir", const char*, mode_t)(path, permissions);
}

int open(const char* path, int flags, ...) {
  mode_t permissions = 0;
  const int makes = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  if (makes) {
    va_list arguments;
    va_start(arguments, flags);
    permissions = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  if (makes && is_full()) return -1;
  return REAL(int, "open", const char*, int, ...)(path, flags, permissions);
}
int open64(const char* path, int flags, ...) {
  mode_t permissions = 0;
  if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
    va_list arguments;
    va_start(arguments, flags);
    permissions = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  return open(path, flags, permissions);
}

int rename(const char* from, const char* to) {
  visible();
  return REAL(int, "rename", const char*, const char*)(from, to);
}

int unlink(const char* path) {
  visible();
  return REAL(int, "unlink", const char*)(path);
}

size_t fwrite(const void* data, size_t size, size_t count, FILE* file) {
  if (file == stderr) visible();
  return REAL(size_t, "fwrite", const void*, size_t, size_t, FILE*)(data, size, count, file);
}

static long shift(void) {
  if (mode != kClock) return 0;
  const long call = atomic_fetch_add(&calls, 1) + 1;
  return call >= fault_at && (call - fault_at) % 2 == 0 ? clock_jump : 0;
}

int clock_gettime(clockid_t id, struct timespec* now) {
  const int result = REAL(int, "clock_gettime", clockid_t, struct timespec*)(id, now);
  if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) now->tv_sec += shift();
  return result;
}

time_t time(time_t* out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  const int result =
      REAL(int, "gettimeofday", struct timeval*, void*)(now, zone);
  now->tv_sec += shift();
  return result;
}

int statfs(const char* path, struct statfs* about) {
  const int result = REAL(int, "statfs", const char*, struct statfs*)(path, about);
  if (result == 0 && mode == kStatfs) about->f_type = fault_at;
  return result;
}
