// What `m3u-proxy check` finds that only a service would refuse.
#pragma once

#include <vector>

#include <m3u_proxy/config/configuration.hpp>

namespace m3u_proxy::cli {

/// Nothing in a build without the service.
std::vector<config::ConfigProblem> service_problems(const config::Configuration& configuration);

}  // namespace m3u_proxy::cli
