// Checks of a configuration as a whole: what no single value can show.
#pragma once

#include <m3u_proxy/config/config_reader.hpp>

namespace m3u_proxy::config {

/// Duplicate and unusable names, references to sources, filters and rules that are not there, and
/// settings that do not go together. Every mistake becomes a problem of `reader`.
void check_references(ConfigReader& reader, const Configuration& configuration);

}  // namespace m3u_proxy::config
