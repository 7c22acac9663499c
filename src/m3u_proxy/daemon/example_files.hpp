// The files of examples/, as the program has them inside: what a new service begins with.
#pragma once

#include <span>
#include <string_view>
#include <utility>

namespace m3u_proxy::daemon {

/// By name: playlists and a guide.
std::span<const std::pair<std::string_view, std::string_view>> example_files();
/// examples/m3u-proxy.toml, which names them.
std::string_view example_configuration();

}  // namespace m3u_proxy::daemon
