#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/io/folder_guard.hpp>
#include <m3u_proxy/settings/setting_places.hpp>

namespace m3u_proxy::settings {
namespace {

namespace fs = std::filesystem;
using config::Configuration;

constexpr std::size_t kLongestShown = 200;

struct Place {
  std::string_view key;
  const std::string& (*path)(const Configuration&);
  bool is_shared = false;  ///< by several replicas: a data folder is one replica's own
};
// A test finds what is missing here.
constexpr Place kPlaces[] = {
    {"proxy_memory.spill_dir",
     [](const Configuration& all) -> const std::string& { return all.proxy_memory.spill_dir; }},
    {"wasm_plugins.plugin_directory",
     [](const Configuration& all) -> const std::string& {
       return all.wasm_plugins.plugin_directory;
     }},
    {"wasm_plugins.cache_directory",
     [](const Configuration& all) -> const std::string& {
       return all.wasm_plugins.cache_directory;
     }},
    {"service.snapshots",
     [](const Configuration& all) -> const std::string& { return all.service.snapshots; }, true},
    {"http.certificate",
     [](const Configuration& all) -> const std::string& { return all.http.certificate; }},
    {"http.key", [](const Configuration& all) -> const std::string& { return all.http.key; }},
};

Error refused(const Place& place, const std::string& path) {
  const std::string shown = excerpt(path, kLongestShown);
  // What is not said in a file starts from no folder in particular.
  if (fs::path(path).is_relative())
    return {.code = ErrorCode::kInvalidArgument,
            .message = fmt::format("\"{}\" does not begin with /", shown),
            .where = {},
            .hint = "name the whole path"};
  return {.code = ErrorCode::kInvalidArgument,
          .message =
              fmt::format("\"{}\" is {}", shown,
                          place.is_shared ? "in none of the folders that may be named"
                                          : "neither in one of the folders that may be named nor "
                                            "in the data folder"),
          .where = {},
          .hint =
              "set it in the configuration file, or allow its folder: [service] "
              "allowed_folders"};
}

}  // namespace

bool is_saved(const config::LoadedConfiguration& loaded, std::string_view key) {
  const auto by = loaded.said_by.find(key);
  return by != loaded.said_by.end() && by->second == config::SaidBy::kDatabase;
}

std::vector<std::pair<std::string, Error>> wrong_places(const config::LoadedConfiguration& loaded,
                                                        const Configuration& before,
                                                        const fs::path& data) {
  const Configuration& now = loaded.configuration;
  std::vector<fs::path> folders;
  for (const config::Named& folder : now.service.allowed_folders) folders.emplace_back(folder.name);
  const io::FolderGuard allowed(folders);
  folders.push_back(data);
  const io::FolderGuard allowed_or_own(std::move(folders));
  std::vector<std::pair<std::string, Error>> wrong;
  for (const Place& place : kPlaces) {
    const std::string& path = place.path(now);
    const bool is_in_object_store = place.is_shared && path.starts_with("s3://");
    if (path.empty() || is_in_object_store || path == place.path(before) ||
        !is_saved(loaded, place.key))
      continue;
    const io::FolderGuard& guard = place.is_shared ? allowed : allowed_or_own;
    if (!guard.check(path)) wrong.emplace_back(place.key, refused(place, path));
  }
  return wrong;
}

}  // namespace m3u_proxy::settings
