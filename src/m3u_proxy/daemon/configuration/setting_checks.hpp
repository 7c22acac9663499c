// What a service can say of settings before it has to act on them, beyond what the tables of keys
// check.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <m3u_proxy/config/configuration.hpp>
#include <m3u_proxy/runtime/process.hpp>

namespace m3u_proxy::daemon {

/// Keys ("http.listen") with what is wrong: what a service could not start with, or would not take
/// over.
std::vector<std::pair<std::string, Error>> check_settings(const config::Configuration& settings,
                                                          const runtime::Process& process);

}  // namespace m3u_proxy::daemon
