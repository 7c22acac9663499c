#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/io/folder_guard.hpp>

namespace m3u_proxy::io {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestShown = 200;

bool is_below(const fs::path& path, const fs::path& folder) {
  const auto [rest, unused] = std::ranges::mismatch(folder, path);
  return rest == folder.end();
}

std::unexpected<Error> refused(const std::string& path) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("the file '{}' is in none of the folders that may be read",
                          excerpt(path, kLongestShown)),
              "who runs the service names them in [service] allowed_folders; or upload the file");
}

}  // namespace

bool FolderGuard::has(const fs::path& real) const {
  return std::ranges::any_of(folders_, [&](const fs::path& folder) {
    std::error_code error;
    const fs::path allowed = fs::weakly_canonical(folder, error);
    return !error && allowed.is_absolute() && is_below(real, allowed);
  });
}

Result<> FolderGuard::check(const std::string& path) const {
  std::error_code error;
  if (!fs::path(path).is_absolute() || path.contains('\0')) return refused(path);
  const fs::path real = fs::weakly_canonical(path, error);
  if (error || !has(real)) return refused(path);
  return {};
}

Result<> FolderGuard::check_opened(int fd, const std::string& path) const {
  std::error_code error;
  const fs::path real = fs::read_symlink(fmt::format("/proc/self/fd/{}", fd), error);
  if (error || !has(real)) return refused(path);
  return {};
}

}  // namespace m3u_proxy::io
