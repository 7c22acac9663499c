// What is wrong with a configuration that only a service notices, beyond what the tables of keys
// check.
#pragma once

#include <vector>

#include <m3u_proxy/config/configuration.hpp>

namespace m3u_proxy::daemon {

/// Schedules, and the addresses of [http]: kConfig, each with its key and a remedy.
std::vector<config::ConfigProblem> service_problems(const config::Configuration& configuration);

}  // namespace m3u_proxy::daemon
