#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/io/temporary_name.hpp>

namespace m3u_proxy::io {
namespace {

constexpr std::string_view kFilePrefix = ".m3u-proxy-file-";
constexpr std::string_view kFolderPrefix = ".m3u-proxy-tmp-";

/// Takes a number and, unless it is the last part, the '-' after it off the front of `text`.
template <typename Number>
bool take_number(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.empty()) return true;
  if (text.front() != '-') return false;
  text.remove_prefix(1);
  return !text.empty();
}

/// Field 22 of /proc/<pid>/stat; 0 when it cannot be read. The second field is the program's name
/// in parentheses and may itself hold spaces and parentheses.
std::uint64_t start_time_of(std::int64_t pid) {
  const Descriptor file(::open(fmt::format("/proc/{}/stat", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return 0;
  std::array<char, 1024> buffer{};
  const auto size = read_some_at(file.get(), 0, buffer, "/proc");
  if (!size) return 0;
  std::string_view text(buffer.data(), *size);
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return 0;
  text.remove_prefix(name_end + 1);
  constexpr int kFieldsBefore = 20;  // from the third field on
  for (int field = 0; field < kFieldsBefore; ++field) {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return 0;
    text.remove_prefix(space + 1);
  }
  std::uint64_t start = 0;
  std::from_chars(text.data(), text.data() + text.size(), start);
  return start;
}

bool is_locked(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.valid()) return false;
  return ::flock(file.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace

ProcessIdentity own_identity() {
  const auto pid = static_cast<std::int64_t>(::getpid());
  return {.pid = pid, .start_time = start_time_of(pid)};
}

bool is_alive(const ProcessIdentity& process) {
  if (::kill(static_cast<pid_t>(process.pid), 0) != 0 && errno == ESRCH) return false;
  const std::uint64_t start = start_time_of(process.pid);
  return start == 0 || process.start_time == 0 || start == process.start_time;
}

std::string make_temporary_name(TemporaryKind kind) {
  static std::atomic<std::uint64_t> counter{0};
  const ProcessIdentity self = own_identity();
  return fmt::format("{}{}-{}-{}", kind == TemporaryKind::kFile ? kFilePrefix : kFolderPrefix,
                     self.pid, self.start_time, counter.fetch_add(1, std::memory_order_relaxed));
}

std::optional<TemporaryName> parse_temporary_name(std::string_view name) {
  TemporaryName parsed;
  if (name.starts_with(kFilePrefix)) {
    name.remove_prefix(kFilePrefix.size());
  } else if (name.starts_with(kFolderPrefix)) {
    parsed.kind = TemporaryKind::kFolder;
    name.remove_prefix(kFolderPrefix.size());
  } else {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  if (!take_number(name, parsed.owner.pid) || name.empty()) return std::nullopt;
  if (!take_number(name, parsed.owner.start_time) || name.empty()) return std::nullopt;
  if (!take_number(name, number) || !name.empty()) return std::nullopt;
  if (parsed.owner.pid <= 0 || parsed.owner.pid > INT32_MAX) return std::nullopt;
  return parsed;
}

std::size_t remove_stale_temporaries(const std::filesystem::path& folder) {
  std::size_t removed = 0;
  std::error_code error;
  std::filesystem::directory_iterator entries(
      folder, std::filesystem::directory_options::skip_permission_denied, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const std::filesystem::path& path = entries->path();
    const auto name = parse_temporary_name(path.filename().native());
    if (!name || is_alive(name->owner) || is_locked(path)) continue;
    std::error_code failed;
    std::filesystem::remove_all(path, failed);
    if (failed) continue;
    log::info("io", "Removed {}, left by a run that did not end", path.string());
    ++removed;
  }
  return removed;
}

}  // namespace m3u_proxy::io
