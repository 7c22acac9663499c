#include <algorithm>
#include <atomic>
#include <cerrno>
#include <limits>

#include <fcntl.h>

#include <m3u_proxy/io/write_pace.hpp>

namespace m3u_proxy::io {
namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();
/// Of a file that is kept, where nothing limits it: large enough for the disk to write in one go.
constexpr std::uint64_t kAtOnce = std::uint64_t{8} << 20U;
/// A page that is not full would be written twice.
constexpr std::uint64_t kPage = 4096;

std::atomic<std::uint64_t>& most_of_a_file() {
  static std::atomic<std::uint64_t> most = kUnlimited;
  return most;
}

int sync_range(int fd, std::uint64_t begin, std::uint64_t end, unsigned how) {
  // A size of 0 would be the whole rest.
  if (begin >= end) return 0;
  if (::sync_file_range(fd, static_cast<off64_t>(begin), static_cast<off64_t>(end - begin), how) ==
      0)
    return 0;
  // Anything else says that it is not known here.
  const bool refused = errno == EIO || errno == ENOSPC || errno == EDQUOT;
  return refused ? errno : 0;
}

}  // namespace

void WritePace::set_most(Bytes most) {
  most_of_a_file().store(std::max(most, kLeast).count, std::memory_order_relaxed);
}

void WritePace::set_unlimited() { most_of_a_file().store(kUnlimited, std::memory_order_relaxed); }

Bytes WritePace::most() { return {most_of_a_file().load(std::memory_order_relaxed)}; }

int WritePace::wrote(int fd, std::uint64_t size) {
  const std::uint64_t most = most_of_a_file().load(std::memory_order_relaxed);
  const bool limited = most != kUnlimited;
  if (!limited && fate_ == Fate::kTemporary) return 0;
  // One piece is on its way while the next one is written.
  if (size - started_ < (limited ? most / 2 : kAtOnce)) return 0;
  const std::uint64_t end = size - size % kPage;
  if (const int error = sync_range(fd, started_, end, SYNC_FILE_RANGE_WRITE); error != 0)
    return error;
  if (limited) {
    if (const int error = sync_range(
            fd, waited_, started_,
            SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
        error != 0)
      return error;
  }
  waited_ = started_;
  started_ = end;
  return 0;
}

}  // namespace m3u_proxy::io
