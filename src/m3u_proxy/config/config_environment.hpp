// The environment's part of a configuration: MEMORY_LIMIT_MB, CLEANUP_AGGRESSIVE,
// PLUGIN_MEMORY_LIMIT_MB and M3U_PROXY_<SECTION>__<KEY>.
#pragma once

#include <string>
#include <vector>

#include <m3u_proxy/config/config_reader.hpp>
#include <m3u_proxy/config/load_configuration.hpp>

namespace m3u_proxy::config {

/// Applies every variable that is ours to `out`. Variables that begin with M3U_PROXY_ and name no
/// known key become problems. A variable with a section wins over the short names. Returns the keys
/// that it said, as "section.key".
std::vector<std::string> apply_environment(ConfigReader& reader, const Environment& environment,
                                           Configuration& out);

}  // namespace m3u_proxy::config
