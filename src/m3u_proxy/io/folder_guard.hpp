// FolderGuard: below which folders files may be read, where somebody names them who may not see
// the machine's others. Immutable, thread-safe.
//
// Symbolic links are followed, at each look anew: what a path led to when somebody named it need
// not be what it leads to when it is read.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::io {

class FolderGuard {
 public:
  explicit FolderGuard(std::vector<std::filesystem::path> folders) : folders_(std::move(folders)) {}

  /// Whether a path, absolute and without NUL, leads below one of the folders now; nothing need be
  /// there. Error: kInvalidArgument, with the remedy.
  [[nodiscard]] Result<> check(const std::string& path) const;
  /// The same for what was opened by that path, which may have led elsewhere by then.
  [[nodiscard]] Result<> check_opened(int fd, const std::string& path) const;

 private:
  [[nodiscard]] bool has(const std::filesystem::path& real) const;
  std::vector<std::filesystem::path> folders_;
};

}  // namespace m3u_proxy::io
