// Changed keys: which single keys of a configuration file are others than before, and which of them
// hold only after a restart.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/config/load_configuration.hpp>

namespace m3u_proxy::daemon {

/// "http.listen", in the order of the file; a key that went away counts. The lists (sources,
/// proxies …) are not looked at. Both documents were read without a mistake.
std::vector<std::string> changed_keys(const config::ConfigDocument& before,
                                      const config::ConfigDocument& now);

/// Whether a service takes the key over while it runs.
bool applies_at_once(std::string_view key);

}  // namespace m3u_proxy::daemon
