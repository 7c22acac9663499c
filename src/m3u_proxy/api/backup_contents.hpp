// Backup contents: what of a service's configuration decides how a backup is made, by the API and
// without a service.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/config/service_config.hpp>

namespace m3u_proxy::api {

/// A source's configuration as without_secrets() shows it, or saved settings without those that are
/// secret. Error: kConfig, when it is no JSON.
Result<std::string> hide_in_backup(std::string_view config);

/// Whether a source with such a `refresh` is fetched only when somebody asks: its data may be the
/// only copy. `service`: its own `refresh` is that of sources that say nothing.
std::function<bool(const std::string& refresh)> only_copies(const config::ServiceConfig& service);

}  // namespace m3u_proxy::api
