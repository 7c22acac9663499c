// The first administrator, where the operator names one in the environment instead of using the
// link that the service prints.
#pragma once

#include <optional>

#include <m3u_proxy/api/accounts/setup_link.hpp>
#include <m3u_proxy/config/load_configuration.hpp>

namespace m3u_proxy::daemon {

/// Of M3U_PROXY_ADMIN_PASSWORD, or the file that M3U_PROXY_ADMIN_PASSWORD_FILE names, and
/// M3U_PROXY_ADMIN_NAME ("admin" without it); nullopt: nobody is named. Errors: kNotFound, kIo (the
/// file), kConfig (no password in it).
Result<std::optional<api::FirstAdmin>> first_admin(const config::Environment& environment);

}  // namespace m3u_proxy::daemon
