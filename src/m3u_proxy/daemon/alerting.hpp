// What [alerts] means: the channels that alerts go to.
#pragma once

#include <memory>
#include <vector>

#include <m3u_proxy/config/configuration.hpp>
#include <m3u_proxy/monitoring/alert_center.hpp>

namespace m3u_proxy::daemon {

std::vector<std::unique_ptr<monitoring::AlertChannel>> alert_channels(
    const config::AlertsConfig& config);

}  // namespace m3u_proxy::daemon
