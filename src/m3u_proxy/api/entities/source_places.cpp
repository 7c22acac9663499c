#include <algorithm>
#include <filesystem>

#include <m3u_proxy/api/entities/source_places.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/url_text.hpp>
#include <m3u_proxy/http/target.hpp>
#include <m3u_proxy/sources/xtream_account.hpp>

namespace m3u_proxy::api {
namespace {

namespace fs = std::filesystem;

bool is_below(const fs::path& path, const fs::path& folder) {
  const auto [rest, unused] = std::ranges::mismatch(folder, path);
  return rest == folder.end();
}

std::unexpected<Error> refused() {
  return fail(ErrorCode::kInvalidArgument, "this file is in none of the folders that may be read",
              "who runs the service names them in [service] allowed_folders; or upload the file");
}

Result<> check_path(const std::vector<config::Named>& folders, const std::string& text) {
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

/// What the service would read for it and send to a server that the same address names.
Result<> check_password_place(const std::vector<config::Named>& folders,
                              std::string_view location) {
  const auto account = sources::read_xtream_url(trim(location));
  if (!account) return {};  // nothing is ever read for it
  if (account->password_env)
    return fail(ErrorCode::kInvalidArgument,
                "password_env reads the service's own environment, and is for the configuration "
                "file only",
                "write the password behind the user, where it is kept sealed");
  if (account->password_file) return check_path(folders, *account->password_file);
  return {};
}

}  // namespace

Result<> check_place(const std::vector<config::Named>& folders, std::string_view location) {
  constexpr std::string_view kFile = "file://";
  if (location.empty() || is_http_url(location)) return {};
  if (sources::is_xtream_url(location)) return check_password_place(folders, location);
  if (!starts_with_ascii_case(location, kFile)) return check_path(folders, std::string(location));
  const auto decoded = http::percent_decoded(location.substr(kFile.size()), http::Plus::kIsPlus);
  return decoded ? check_path(folders, *decoded) : refused();
}

}  // namespace m3u_proxy::api
