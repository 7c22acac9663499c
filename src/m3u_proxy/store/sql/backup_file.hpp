// BackupFile: the new file that a copy of the database goes into, readable by its owner only.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/io/write_pace.hpp>

namespace m3u_proxy::store::sql {

/// Not thread-safe.
class BackupFile {
 public:
  /// An empty file. `size`: about what a copy of `place` takes, which has to be free there.
  /// Errors: kConflict (there is such a file), kDiskFull, kNotFound (no such folder), kIo.
  static Result<std::unique_ptr<BackupFile>> create(const std::filesystem::path& file, Bytes size,
                                                    std::string_view place);
  BackupFile(const BackupFile&) = delete;
  BackupFile& operator=(const BackupFile&) = delete;
  /// Removes the file unless keep() has succeeded.
  ~BackupFile();

  /// Appends. Errors: kDiskFull, kIo.
  Result<> write(std::string_view piece);
  /// Has the disk keep what was written, here or by who knows the name. Call once, last.
  /// Errors: as write().
  Result<> keep();

 private:
  BackupFile(std::filesystem::path path, io::Descriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}
  Result<> flush();

  std::filesystem::path path_;
  io::Descriptor file_;
  bool kept_ = false;
  std::string buffer_;
  std::uint64_t written_ = 0;
  io::WritePace pace_{io::WritePace::Fate::kKept};
};

}  // namespace m3u_proxy::store::sql
