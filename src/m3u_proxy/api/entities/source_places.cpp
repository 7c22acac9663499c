#include <algorithm>
#include <filesystem>

#include <m3u_proxy/api/entities/source_places.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/http/target.hpp>

namespace m3u_proxy::api {
namespace {

namespace fs = std::filesystem;

bool is_below(const fs::path& path, const fs::path& folder) {
  const auto [rest, unused] = std::ranges::mismatch(folder, path);
  return rest == folder.end();
}

}  // namespace

Result<> check_place(const std::vector<config::Named>& folders, std::string_view location) {
  constexpr std::string_view kFile = "file://";
  for (const std::string_view scheme : {"http://", "https://", "xtream://", "xtreams://"})
    if (starts_with_ascii_case(location, scheme)) return {};
  if (location.empty()) return {};
  const auto refused = [] {
    return fail(ErrorCode::kInvalidArgument, "this file is in none of the folders that may be read",
                "who runs the service names them in [service] allowed_folders; or upload the file");
  };
  std::string text(location);
  if (starts_with_ascii_case(location, kFile)) {
    auto decoded = http::percent_decoded(location.substr(kFile.size()), http::Plus::kIsPlus);
    if (!decoded) return refused();
    text = *std::move(decoded);
  }
  const fs::path path(text);
  if (!path.is_absolute() || text.find('\0') != std::string::npos) return refused();
  std::error_code error;
  const fs::path real = fs::weakly_canonical(path, error);
  if (error) return refused();
  for (const config::Named& folder : folders) {
    const fs::path allowed = fs::weakly_canonical(fs::path(folder.name), error);
    if (!error && allowed.is_absolute() && is_below(real, allowed)) return {};
  }
  return refused();
}

}  // namespace m3u_proxy::api
