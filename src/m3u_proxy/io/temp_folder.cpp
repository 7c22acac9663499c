#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/io/temp_folder.hpp>
#include <m3u_proxy/io/temporary_name.hpp>

namespace m3u_proxy::io {
namespace {

constexpr mode_t kPrivateFile = 0600;
constexpr mode_t kPrivateFolder = 0700;
constexpr std::size_t kPiecesAtOnce = 64;

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

TempFile::TempFile(int fd, TempFileAccount* account) : fd_(fd), account_(account) {
  if (account_ != nullptr) account_->opened();
}

TempFile::~TempFile() {
  if (fd_ >= 0) ::close(fd_);
  if (account_ != nullptr) account_->give_back(size_);
}

Result<> TempFile::write(std::string_view bytes) { return write(std::span(&bytes, 1)); }

Result<> TempFile::write(std::span<const std::string_view> pieces) {
  std::uint64_t bytes = 0;
  for (const std::string_view piece : pieces) bytes += piece.size();
  if (account_ != nullptr) M3U_CHECK(account_->take(bytes));
  const auto written = write_pieces(pieces);
  if (written) {
    size_ += bytes;
    const int error = pace_.wrote(fd_, size_);
    return error == 0 ? Result<>() : fail(refused(error));
  }
  if (account_ != nullptr) account_->give_back(bytes);
  // What was written before the disk refused takes room that others may need. It is behind the
  // end of the file, so nothing is lost when this fails too.
  [[maybe_unused]] const int cut = ::ftruncate(fd_, static_cast<off_t>(size_));
  return fail(written.error());
}

Result<> TempFile::write_pieces(std::span<const std::string_view> pieces) {
  std::array<iovec, kPiecesAtOnce> vectors{};
  std::uint64_t at = size_;
  std::size_t in_first = 0;  // what is written already of the first piece
  while (!pieces.empty()) {
    const std::size_t count = std::min(pieces.size(), vectors.size());
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view rest = pieces[i].substr(i == 0 ? in_first : 0);
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): iovec has one form for both ways
      vectors[i] = {.iov_base = const_cast<char*>(rest.data()), .iov_len = rest.size()};
    }
    const ssize_t n =
        ::pwritev(fd_, vectors.data(), static_cast<int>(count), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(refused(errno));
    at += static_cast<std::uint64_t>(n);
    in_first += static_cast<std::size_t>(n);
    while (!pieces.empty() && in_first >= pieces.front().size()) {
      in_first -= pieces.front().size();
      pieces = pieces.subspan(1);
    }
  }
  return {};
}

Error TempFile::refused(int errno_value) const {
  return account_ != nullptr ? account_->refused(errno_value)
                             : system_error("cannot write temporary data", errno_value);
}

Result<std::size_t> TempFile::read_at(std::uint64_t offset, std::span<char> buffer) const {
  return read_some_at(fd_, offset, buffer, "cannot read temporary data");
}

Result<> TempFile::clear() {
  // ext4 writes a file out at its close that was cut to nothing, even one that was empty.
  struct stat status{};
  if (size_ == 0 && ::fstat(fd_, &status) == 0 && status.st_size == 0) return {};
  if (::ftruncate(fd_, 0) != 0) return fail(system_error("cannot empty a temporary file", errno));
  if (account_ != nullptr) account_->give_back(size_);
  size_ = 0;
  pace_.begin_anew();
  return {};
}

TempFolder::TempFolder(std::filesystem::path path, int lock, TempFileAccount* account)
    : path_(std::move(path)), lock_(lock), account_(account) {}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

Result<std::unique_ptr<TempFolder>> TempFolder::create(const std::filesystem::path& parent,
                                                       Tmpfs tmpfs, TempFileAccount* account) {
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
  return std::unique_ptr<TempFolder>(new TempFolder(std::move(path), lock, account));
}

Result<std::unique_ptr<TempFile>> TempFolder::create_file() {
  int fd = open_unnamed(path_);
  if (fd < 0 && is_unsupported(errno)) fd = open_unlinked(path_);
  if (fd < 0)
    return fail(
        system_error(fmt::format("cannot create a temporary file in {}", path_.string()), errno));
  return std::unique_ptr<TempFile>(new TempFile(fd, account_));
}

}  // namespace m3u_proxy::io
