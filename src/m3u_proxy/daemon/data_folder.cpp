#include <array>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/daemon/data_folder.hpp>

namespace m3u_proxy::daemon {
namespace {

constexpr mode_t kOwnFolder = 0700;
constexpr mode_t kOwnFile = 0600;

/// Who may not write where, or that there is no room.
std::unexpected<Error> not_writable(const std::filesystem::path& path, int error) {
  if (error == ENOSPC || error == EDQUOT) {
    Error full =
        system_error(fmt::format("cannot write to the data folder {}", path.string()), error);
    full.hint = "make room on the disk of the data folder";
    return fail(std::move(full));
  }
  struct stat info{};
  const bool is_others = (error == EACCES || error == EPERM) && ::stat(path.c_str(), &info) == 0 &&
                         info.st_uid != ::geteuid();
  const std::string owner = is_others
                                ? fmt::format(" (it belongs to user {} and this runs as user {})",
                                              info.st_uid, ::geteuid())
                                : std::string();
  Error out = system_error(
      fmt::format("cannot write to the data folder {}{}", path.string(), owner), error);
  out.hint = is_others ? fmt::format(
                             "give it to this user (chown {} {}), or name another folder "
                             "with --data",
                             ::geteuid(), path.string())
                       : "name another folder with --data";
  return fail(std::move(out));
}

std::string read_pid(int file) {
  std::array<char, 32> text{};
  const auto size = ::pread(file, text.data(), text.size(), 0);
  return size > 0 ? std::string(trim({text.data(), static_cast<std::size_t>(size)})) : "";
}

}  // namespace

Result<DataFolder> DataFolder::open(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(path, error);
  if (whole.has_parent_path()) std::filesystem::create_directories(whole.parent_path(), error);
  if (::mkdir(whole.c_str(), kOwnFolder) != 0 && errno != EEXIST)
    return not_writable(whole.parent_path(), errno);
  const std::filesystem::path name = whole / "lock";
  io::Descriptor lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnFile));
  if (!lock.valid()) return not_writable(whole, errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    const std::string pid = read_pid(lock.get());
    return fail(ErrorCode::kConflict,
                fmt::format("another m3u-proxy serves {} already (process {})", whole.string(),
                            pid.empty() ? "unknown" : pid),
                "stop it first, or give this one a folder of its own with --data");
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock.get(), 0) != 0) return not_writable(whole, errno);
  M3U_CHECK(io::write_all(lock.get(), pid, "cannot write " + name.string()));
  return DataFolder(whole, std::move(lock));
}

}  // namespace m3u_proxy::daemon
