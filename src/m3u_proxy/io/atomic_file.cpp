#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/io/temporary_name.hpp>

namespace m3u_proxy::io {
namespace {

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

/// Where a rename has to go to: a target that is a symbolic link stays one.
std::filesystem::path resolve_link(const std::filesystem::path& target) {
  std::error_code error;
  if (!std::filesystem::is_symlink(target, error)) return target;
  std::filesystem::path resolved = std::filesystem::canonical(target, error);
  return error ? target : resolved;
}

/// The existing target's permissions; the error where it is something that must not be replaced.
Result<std::optional<mode_t>> mode_of_target(const std::filesystem::path& target) {
  struct stat info{};
  if (::stat(target.c_str(), &info) != 0) return std::nullopt;
  if (S_ISDIR(info.st_mode))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("cannot write {}: it is a folder", target.string()),
                "name a file, or another folder");
  if (!S_ISREG(info.st_mode))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("cannot write {}: it is not a regular file", target.string()),
                "name another file");
  return info.st_mode & 07777U;
}

/// Makes a rename in `folder` durable. File systems that cannot sync a folder do not need it.
void sync_folder(const std::filesystem::path& folder) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.valid()) ::fsync(descriptor.get());
}

bool is_unsupported(int error) {
  return error == EXDEV || error == EINVAL || error == ENOSYS || error == EOPNOTSUPP ||
         error == EBADF || error == EPERM;
}

}  // namespace

AtomicFile::AtomicFile(int fd, std::filesystem::path temporary, std::filesystem::path target)
    : fd_(fd), temporary_(std::move(temporary)), target_(std::move(target)) {}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  if (fd_ >= 0) ::close(fd_);
}

Result<std::unique_ptr<AtomicFile>> AtomicFile::create(const std::filesystem::path& target) {
  const std::filesystem::path resolved = resolve_link(target);
  M3U_TRY(const std::optional<mode_t> mode, mode_of_target(resolved));
  const std::filesystem::path folder = folder_of(resolved);
  std::filesystem::path temporary = folder / make_temporary_name(TemporaryKind::kFile);
  constexpr mode_t kDefaultMode = 0666;
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kDefaultMode);
  if (fd < 0)
    return fail(system_error(fmt::format("cannot create a file in {}", folder.string()), errno));
  std::unique_ptr<AtomicFile> file(new AtomicFile(fd, std::move(temporary), resolved));
  ::flock(fd, LOCK_EX | LOCK_NB);  // tells other containers that it is in use
  if (mode && ::fchmod(fd, *mode) != 0)
    return fail(system_error(
        fmt::format("cannot give {} the mode of the file it replaces", file->temporary_.string()),
        errno));
  return file;
}

Result<> AtomicFile::write(std::string_view bytes) {
  synced_ = false;
  M3U_CHECK(write_all(fd_, bytes, fmt::format("cannot write {}", target_.string())));
  if (seen_) seen_(bytes);
  return grown(bytes.size());
}

Result<> AtomicFile::grown(std::uint64_t bytes) {
  written_ += bytes;
  if (const int error = pace_.wrote(fd_, written_); error != 0)
    return fail(system_error(fmt::format("cannot write {}", target_.string()), error));
  return {};
}

Result<> AtomicFile::append_from(int file, std::uint64_t offset, std::uint64_t size) {
  synced_ = false;
  constexpr std::uint64_t kLargest = std::uint64_t{1} << 30U;
  const std::uint64_t kernel_piece = std::min(kLargest, WritePace::most().count / 2);
  auto position = static_cast<off_t>(offset);
  while (size != 0 && !seen_) {
    const ssize_t n = ::copy_file_range(file, &position, fd_, nullptr,
                                        static_cast<std::size_t>(std::min(size, kernel_piece)), 0);
    // 0 is the end, or a file system that cannot do it and says so this way: read(2) tells.
    if (n == 0 || (n < 0 && is_unsupported(errno))) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(system_error(fmt::format("cannot write {}", target_.string()), errno));
    size -= static_cast<std::uint64_t>(n);
    M3U_CHECK(grown(static_cast<std::uint64_t>(n)));
  }
  std::array<char, std::size_t{64} << 10U> buffer;  // NOLINT(*-member-init): filled by read
  while (size != 0) {
    const std::span<char> piece(buffer.data(), std::min<std::uint64_t>(size, buffer.size()));
    M3U_TRY(const std::size_t n, read_some_at(file, static_cast<std::uint64_t>(position), piece,
                                              "cannot read temporary data"));
    if (n == 0)
      return fail(ErrorCode::kIo,
                  fmt::format("cannot write {}: {} bytes are missing at the end of what to copy",
                              target_.string(), size));
    M3U_CHECK(write(std::string_view(piece.data(), n)));
    position += static_cast<off_t>(n);
    size -= n;
  }
  return {};
}

Result<> AtomicFile::clear() {
  synced_ = false;
  if (::ftruncate(fd_, 0) != 0 || ::lseek(fd_, 0, SEEK_SET) < 0)
    return fail(system_error(fmt::format("cannot empty {}", temporary_.string()), errno));
  written_ = 0;
  pace_.begin_anew();
  return {};
}

std::uint64_t AtomicFile::written() const { return written_; }

Result<> AtomicFile::sync() {
  const auto begin = std::chrono::steady_clock::now();
  if (::fsync(fd_) != 0)
    return fail(system_error(fmt::format("cannot write {} to the disk", target_.string()), errno));
  synced_ = true;
  sync_time_ += std::chrono::steady_clock::now() - begin;
  return {};
}

Result<> AtomicFile::publish(Durability durability) {
  const bool durable = durability == Durability::kDurable;
  if (durable && !synced_) M3U_CHECK(sync());
  if (::rename(temporary_.c_str(), target_.c_str()) != 0)
    return fail(system_error(fmt::format("cannot replace {}", target_.string()), errno));
  temporary_.clear();
  if (!durable) return {};
  const auto begin = std::chrono::steady_clock::now();
  sync_folder(folder_of(target_));
  sync_time_ += std::chrono::steady_clock::now() - begin;
  return {};
}

const std::filesystem::path& AtomicFile::target() const { return target_; }

}  // namespace m3u_proxy::io
