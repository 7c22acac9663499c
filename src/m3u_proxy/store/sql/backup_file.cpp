#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <m3u_proxy/store/sql/backup_file.hpp>

namespace m3u_proxy::store::sql {
namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr Bytes kMargin = mib(1);
constexpr std::size_t kPiece = std::size_t{64} << 10U;

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return std::filesystem::absolute(file).parent_path();
}

}  // namespace

Result<std::unique_ptr<BackupFile>> BackupFile::create(const std::filesystem::path& file,
                                                       Bytes size, std::string_view place) {
  struct statvfs info{};
  const std::filesystem::path folder = folder_of(file);
  if (::statvfs(folder.c_str(), &info) != 0)
    return fail(system_error("cannot look at " + folder.string(), errno));
  if (Bytes{info.f_bavail * info.f_frsize} < size + kMargin)
    return fail(ErrorCode::kDiskFull,
                fmt::format("{} has no room for a copy of {} ({:.1f} MB)", folder.string(), place,
                            size.mb()),
                "make room there, or move the data folder to a larger disk");
  io::Descriptor target(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly));
  if (target.valid()) return std::unique_ptr<BackupFile>(new BackupFile(file, std::move(target)));
  if (errno == EEXIST)
    return fail(ErrorCode::kConflict, file.string() + " is there already", "choose another name");
  return fail(system_error("cannot make " + file.string(), errno));
}

BackupFile::~BackupFile() {
  if (!kept_) ::unlink(path_.c_str());
}

Result<> BackupFile::write(std::string_view piece) {
  buffer_ += piece;
  return buffer_.size() < kPiece ? Result<>() : flush();
}

Result<> BackupFile::flush() {
  const std::string what = "cannot write " + path_.string();
  M3U_CHECK(io::write_all(file_.get(), buffer_, what));
  written_ += buffer_.size();
  buffer_.clear();
  if (const int error = pace_.wrote(file_.get(), written_); error != 0)
    return fail(system_error(what, error));
  return {};
}

Result<> BackupFile::keep() {
  M3U_CHECK(flush());
  if (::fsync(file_.get()) != 0) return fail(system_error("cannot write " + path_.string(), errno));
  // Its name, too. File systems that cannot sync a folder do not need it.
  const io::Descriptor folder(::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.valid()) ::fsync(folder.get());
  kept_ = true;
  return {};
}

}  // namespace m3u_proxy::store::sql
