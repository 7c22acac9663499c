// File time: to see whether a file changed since it was read.
#pragma once

#include <filesystem>
#include <system_error>

namespace m3u_proxy::plugin_host {

/// When `file` was written last; the epoch of the file system's clock where that cannot be read.
inline std::filesystem::file_time_type time_of(const std::filesystem::path& file) {
  std::error_code error;
  const auto time = std::filesystem::last_write_time(file, error);
  return error ? std::filesystem::file_time_type{} : time;
}

}  // namespace m3u_proxy::plugin_host
