// ProcessMemory on Linux: the files of /proc (see proc(5)).
#ifdef __linux__

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <string_view>

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <m3u_proxy/memory/process_memory.hpp>

namespace m3u_proxy::memory {
namespace {

constexpr const char* kStatm = "/proc/self/statm";
constexpr const char* kStatus = "/proc/self/status";
constexpr const char* kClearRefs = "/proc/self/clear_refs";

/// What a start maps of the program and its libraries, and a little more.
constexpr Bytes kChargedFiles = mib(7);

/// A file of /proc that is opened once and read again and again; closed with the process.
class ProcFile {
 public:
  explicit ProcFile(const char* path)
      : path_(path), descriptor_(open(path, O_RDONLY | O_CLOEXEC)), open_error_(errno) {}

  /// The file's present text, in `buffer`.
  Result<std::string_view> read(std::array<char, 4096>& buffer) const {
    if (descriptor_ < 0)
      return fail(system_error(std::string("cannot open ") + path_, open_error_));
    const ssize_t size = pread(descriptor_, buffer.data(), buffer.size(), 0);
    if (size < 0) return fail(system_error(std::string("cannot read ") + path_, errno));
    return std::string_view(buffer.data(), static_cast<std::size_t>(size));
  }

 private:
  const char* path_;
  int descriptor_;
  int open_error_;
};

Result<std::uint64_t> parse_number(std::string_view text, const char* path) {
  text.remove_prefix(std::min(text.find_first_of("0123456789"), text.size()));
  std::uint64_t number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{})
    return fail(ErrorCode::kIo, std::string("unexpected text in ") + path);
  return number;
}

class LinuxProcessMemory final : public ProcessMemory {
 public:
  Result<Bytes> resident() override {
    M3U_TRY(const Pages pages, read_statm());
    return Bytes{pages.resident * page_size_};
  }

  Result<Bytes> charged() override {
    M3U_TRY(const Pages pages, read_statm());
    const Bytes files{pages.shared * page_size_};
    return Bytes{pages.resident * page_size_} - files + std::min(files, kChargedFiles);
  }

  Result<Bytes> peak() override {
    std::array<char, 4096> buffer;
    M3U_TRY(const std::string_view text, status_.read(buffer));
    const std::size_t line = text.find("VmHWM:");
    if (line == std::string_view::npos)
      return fail(ErrorCode::kIo, std::string("no VmHWM in ") + kStatus);
    M3U_TRY(const std::uint64_t kilobytes, parse_number(text.substr(line), kStatus));
    return kib(kilobytes);
  }

  bool reset_peak() override {
    const int descriptor = open(kClearRefs, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return false;
    const bool done = write(descriptor, "5", 1) == 1;
    (void)close(descriptor);
    return done;
  }

 private:
  struct Pages {
    std::uint64_t resident;
    std::uint64_t shared;  ///< of files; this program maps no other shared memory
  };

  // statm: size resident shared …, in pages.
  Result<Pages> read_statm() const {
    std::array<char, 4096> buffer;
    M3U_TRY(std::string_view text, statm_.read(buffer));
    const auto skip_field = [&] { text.remove_prefix(std::min(text.find(' ') + 1, text.size())); };
    skip_field();
    M3U_TRY(const std::uint64_t resident, parse_number(text, kStatm));
    skip_field();
    M3U_TRY(const std::uint64_t shared, parse_number(text, kStatm));
    return Pages{.resident = resident, .shared = std::min(shared, resident)};
  }

  ProcFile statm_{kStatm};
  ProcFile status_{kStatus};
  std::uint64_t page_size_ = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
};

}  // namespace

ProcessMemory& process_memory() {
  static auto* instance = new LinuxProcessMemory;  // never destroyed: used until the very end
  return *instance;
}

void release_free_heap() noexcept {
#ifdef __GLIBC__
  (void)malloc_trim(0);
#endif
}

std::chrono::steady_clock::time_point coarse_steady_now() noexcept {
  timespec time{};
  (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return std::chrono::steady_clock::time_point(std::chrono::seconds(time.tv_sec) +
                                               std::chrono::nanoseconds(time.tv_nsec));
}

std::chrono::nanoseconds thread_cpu_time() noexcept {
  timespec time{};
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace m3u_proxy::memory

#endif  // __linux__
