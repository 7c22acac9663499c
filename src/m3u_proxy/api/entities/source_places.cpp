#include <filesystem>
#include <utility>

#include <m3u_proxy/api/entities/source_places.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/url_text.hpp>
#include <m3u_proxy/http/target.hpp>
#include <m3u_proxy/io/folder_guard.hpp>
#include <m3u_proxy/sources/xtream_account.hpp>

namespace m3u_proxy::api {
namespace {

io::FolderGuard guard_of(const std::vector<config::Named>& folders) {
  std::vector<std::filesystem::path> paths;
  for (const config::Named& folder : folders) paths.emplace_back(folder.name);
  return io::FolderGuard(std::move(paths));
}

}  // namespace

Result<> check_place(const std::vector<config::Named>& folders, std::string_view location) {
  constexpr std::string_view kFile = "file://";
  if (location.empty() || is_http_url(location)) return {};
  const io::FolderGuard guard = guard_of(folders);
  if (sources::is_xtream_url(location)) {
    const auto account = sources::read_xtream_url(trim(location));
    if (!account) return {};  // nothing is ever read for it
    return sources::check_password_place(*account, guard);
  }
  if (!starts_with_ascii_case(location, kFile)) return guard.check(std::string(location));
  // What cannot be decoded is a relative path as it is, which is refused.
  return guard.check(http::percent_decoded(location.substr(kFile.size()), http::Plus::kIsPlus)
                         .value_or(std::string(location)));
}

}  // namespace m3u_proxy::api
