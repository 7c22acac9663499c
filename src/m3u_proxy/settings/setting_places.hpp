// Setting places: the files, folders and servers that saved settings name. Who may save settings
// need not be somebody who may see the machine, and what is around it; who writes the configuration
// file, the environment or the command line is.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <m3u_proxy/config/load_configuration.hpp>

namespace m3u_proxy::settings {

/// Whether it is the database that says a key ("alerts.webhook").
bool is_saved(const config::LoadedConfiguration& loaded, std::string_view key);

/// Saved keys ("http.key") whose path is another one than `before` and that name no place below
/// [service] allowed_folders or `data`, the data folder, where service.snapshots may not be, which
/// replicas share: kInvalidArgument, with the remedy. Symbolic links are followed, as they lead
/// now; nothing need be there. Thread-safe.
std::vector<std::pair<std::string, Error>> wrong_places(const config::LoadedConfiguration& loaded,
                                                        const config::Configuration& before,
                                                        const std::filesystem::path& data);

}  // namespace m3u_proxy::settings
