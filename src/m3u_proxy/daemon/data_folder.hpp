// DataFolder: where a service keeps all that it has; one process at a time.
#pragma once

#include <filesystem>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/io/descriptor.hpp>

namespace m3u_proxy::daemon {

/// Holds the folder until its end.
class DataFolder {
 public:
  /// Makes the folder (for its owner only) and takes it. Errors: kIo, with owner, our user and the
  /// remedy where it cannot be written; kConflict, with the process that has it.
  static Result<DataFolder> open(const std::filesystem::path& path);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// The operator's door.
  [[nodiscard]] std::filesystem::path control_socket() const { return path_ / "control.sock"; }

 private:
  DataFolder(std::filesystem::path path, io::Descriptor lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}
  std::filesystem::path path_;
  io::Descriptor lock_;
};

}  // namespace m3u_proxy::daemon
