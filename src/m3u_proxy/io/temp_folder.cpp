#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/io/temp_folder.hpp>
#include <m3u_proxy/io/temporary_name.hpp>

namespace m3u_proxy::io {
namespace {

constexpr mode_t kPrivateFile = 0600;
constexpr mode_t kPrivateFolder = 0700;

/// A file system that keeps its files in memory.
bool is_in_memory(const std::filesystem::path& folder) {
  struct statfs info{};
  if (::statfs(folder.c_str(), &info) != 0) return false;
  const auto type = static_cast<std::uint64_t>(info.f_type);
  return type == TMPFS_MAGIC || type == RAMFS_MAGIC;
}

/// A file that never gets a name; -1 with errno where the file system does not know such files.
int open_unnamed(const std::filesystem::path& folder) {
  return ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, kPrivateFile);
}

bool is_unsupported(int error) {
  return error == EOPNOTSUPP || error == EISDIR || error == EINVAL || error == ENOENT;
}

int open_unlinked(const std::filesystem::path& folder) {
  const std::filesystem::path name = folder / make_temporary_name(TemporaryKind::kFile);
  const int fd = ::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kPrivateFile);
  if (fd >= 0) ::unlink(name.c_str());
  return fd;
}

}  // namespace

TempFile::~TempFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<> TempFile::write(std::string_view bytes) {
  M3U_CHECK(write_all(fd_, bytes, "cannot write temporary data"));
  size_ += bytes.size();
  return {};
}

Result<std::size_t> TempFile::read_at(std::uint64_t offset, std::span<char> buffer) const {
  return read_some_at(fd_, offset, buffer, "cannot read temporary data");
}

Result<> TempFile::clear() {
  if (::ftruncate(fd_, 0) != 0 || ::lseek(fd_, 0, SEEK_SET) < 0)
    return fail(system_error("cannot empty a temporary file", errno));
  size_ = 0;
  return {};
}

TempFolder::TempFolder(std::filesystem::path path, int lock)
    : path_(std::move(path)), lock_(lock) {}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

Result<std::unique_ptr<TempFolder>> TempFolder::create(const std::filesystem::path& parent,
                                                       Tmpfs tmpfs) {
  if (tmpfs == Tmpfs::kRefuse && is_in_memory(parent))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is kept in memory (tmpfs), so temporary data there would not "
                            "free any",
                            parent.string()),
                "name a folder on a disk with --spill-dir");
  remove_stale_temporaries(parent);
  std::filesystem::path path = parent / make_temporary_name(TemporaryKind::kFolder);
  if (::mkdir(path.c_str(), kPrivateFolder) != 0)
    return fail(system_error(
        fmt::format("cannot create a folder for temporary data in {}", parent.string()), errno));
  const int lock = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock >= 0) ::flock(lock, LOCK_EX | LOCK_NB);  // tells other containers that it is in use
  return std::unique_ptr<TempFolder>(new TempFolder(std::move(path), lock));
}

Result<std::unique_ptr<TempFile>> TempFolder::create_file() {
  int fd = open_unnamed(path_);
  if (fd < 0 && is_unsupported(errno)) fd = open_unlinked(path_);
  if (fd < 0)
    return fail(
        system_error(fmt::format("cannot create a temporary file in {}", path_.string()), errno));
  return std::unique_ptr<TempFile>(new TempFile(fd));
}

}  // namespace m3u_proxy::io
