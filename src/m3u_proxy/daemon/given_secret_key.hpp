// The secret key that all replicas are given, as a container gets it.
#pragma once

#include <filesystem>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/config/load_configuration.hpp>

namespace m3u_proxy::daemon {

/// Copies the key that M3U_PROXY_SECRET_KEY_FILE names into a data folder that has none yet (mode
/// 0600), so that it is found there from then on. Does nothing without that variable.
/// Errors: kNotFound, kIo; kConfig, when the file is no key, or the folder has another.
Result<> take_given_secret_key(const config::Environment& environment,
                               const std::filesystem::path& folder);

}  // namespace m3u_proxy::daemon
