// What [alerts] means: the channels that alerts go to.
#pragma once

#include <memory>
#include <vector>

#include <m3u_proxy/config/load_configuration.hpp>
#include <m3u_proxy/monitoring/alert_channels.hpp>

namespace m3u_proxy::daemon {

/// `guard` says whom those of them may connect to whose address is saved in the database: somebody
/// may have written it through the API. The others were named by who runs the service.
std::vector<std::unique_ptr<monitoring::AlertChannel>> alert_channels(
    const config::LoadedConfiguration& loaded, const monitoring::Guard& guard);

}  // namespace m3u_proxy::daemon
