// ProcessMemory on Linux: the files of /proc (see proc(5)).
#ifdef __linux__

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <ctime>
#include <optional>
#include <span>
#include <string_view>

#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <unistd.h>

#include <m3u_proxy/memory/process_memory.hpp>

namespace m3u_proxy::memory {
namespace {

constexpr const char* kStatm = "/proc/self/statm";
constexpr const char* kStatus = "/proc/self/status";
constexpr const char* kClearRefs = "/proc/self/clear_refs";
constexpr const char* kRollup = "/proc/self/smaps_rollup";
constexpr std::uintptr_t kHugePage = std::uintptr_t{2} << 20U;
/// Of 2 MB of the program about as many fifths are not needed, measured at the start and the end.
constexpr std::uint64_t kUnneededFifths = 4;

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

/// Whether a part of the program or its libraries that nobody writes to is where the kernel can map
/// it in huge pages.
bool fits_huge_pages() {
  const auto look = [](dl_phdr_info* object, std::size_t, void*) {
    for (const ElfW(Phdr) & segment : std::span(object->dlpi_phdr, object->dlpi_phnum)) {
      if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
      const std::uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
      const std::uintptr_t first = (begin + kHugePage - 1) / kHugePage * kHugePage;
      if ((begin - segment.p_offset) % kHugePage == 0 &&
          first + kHugePage <= begin + segment.p_filesz)
        return 1;  // no need to look further
    }
    return 0;
  };
  return dl_iterate_phdr(look, nullptr) != 0;
}

class LinuxProcessMemory final : public ProcessMemory {
 public:
  // statm: size resident shared …, in pages.
  Result<Bytes> resident() override {
    std::array<char, 4096> buffer;
    M3U_TRY(const std::string_view text, statm_.read(buffer));
    const std::size_t space = std::min(text.find(' '), text.size());
    M3U_TRY(const std::uint64_t pages, parse_number(text.substr(space), kStatm));
    return Bytes{pages * page_size_};
  }

  Result<Bytes> charged() override {
    M3U_TRY(const Bytes all, resident());
    if (!rollup_) return all;
    std::array<char, 4096> buffer;
    const auto text = rollup_->read(buffer);
    const std::size_t line = text ? text->find("FilePmdMapped:") : std::string_view::npos;
    if (line == std::string_view::npos) return all;  // no such kernel maps huge pages of files
    M3U_TRY(const std::uint64_t kilobytes, parse_number(text->substr(line), kRollup));
    return all - std::min(all, kib(kilobytes * kUnneededFifths / 5));
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
  ProcFile statm_{kStatm};
  ProcFile status_{kStatus};
  /// Where huge pages are possible; reading it takes some 50 µs.
  std::optional<ProcFile> rollup_ =
      fits_huge_pages() ? std::optional<ProcFile>(kRollup) : std::nullopt;
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
