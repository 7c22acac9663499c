// What is wrong with the schedules of a configuration, which only the service reads.
#pragma once

#include <vector>

#include <m3u_proxy/base/error.hpp>
#include <m3u_proxy/config/configuration.hpp>

namespace m3u_proxy::jobs {

/// Each `refresh` and the `time_zone` that cannot be read: kConfig, with the place of the source's
/// name, and a remedy.
std::vector<Error> schedule_problems(const config::Configuration& configuration);

}  // namespace m3u_proxy::jobs
