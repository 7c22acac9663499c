// bench_measure: runs a command and writes what the kernel says about it to a file, as JSON.
//
// A process's peak memory begins with that of the process which started it, so the one that starts
// must be small: an interpreter's own megabytes would hide a small program's.
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX wants it declared

namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

int report(const char* path, double wall, const rusage& usage, int status) {
  std::FILE* file = std::fopen(path, "w");
  if (file == nullptr) return 1;
  const int exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  const int written =
      std::fprintf(file, "{\"wall_s\": %.6f, \"cpu_s\": %.6f, \"rss_mb\": %.3f, \"status\": %d}\n",
                   wall, seconds(usage.ru_utime) + seconds(usage.ru_stime),
                   static_cast<double>(usage.ru_maxrss) / 1024, exit);
  return std::fclose(file) == 0 && written > 0 ? 0 : 1;
}

/// bench_measure REPORT COMMAND ARGUMENT…: the command gets no input and its output is dropped.
int measure(char** arguments) {
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  constexpr std::array<int, 3> kFlags = {O_RDONLY, O_WRONLY, O_WRONLY};
  for (int i = 0; i < 3; ++i)
    posix_spawn_file_actions_addopen(&quiet, i, "/dev/null", kFlags[static_cast<std::size_t>(i)],
                                     0);
  const auto start = std::chrono::steady_clock::now();
  pid_t child = 0;
  const int error = posix_spawnp(&child, arguments[2], &quiet, nullptr, arguments + 2, environ);
  if (error != 0) {
    (void)std::fprintf(stderr, "bench_measure: %s: %s\n", arguments[2], std::strerror(error));
    return 1;
  }
  int status = 0;
  rusage usage{};
  if (wait4(child, &status, 0, &usage) != child) return 1;
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  posix_spawn_file_actions_destroy(&quiet);
  return report(arguments[1], wall.count(), usage, status);
}

}  // namespace

int main(int count, char** arguments) {
  if (count >= 3) return measure(arguments);
  (void)std::fputs("usage: bench_measure REPORT COMMAND [ARGUMENT…]\n", stderr);
  return 2;
}
