// What [http] means for the server: where it listens, and under which addresses it may be reached.
#pragma once

#include <string_view>

#include <m3u_proxy/config/configuration.hpp>
#include <m3u_proxy/http/forwarded.hpp>
#include <m3u_proxy/http/server.hpp>

namespace m3u_proxy::daemon {

/// "127.0.0.1:8080", "[::1]:8080", "8080". Error: kConfig.
Result<http::TcpEndpoint> endpoint_of(std::string_view listen);

/// With this machine's name among the hosts. Errors: kConfig, kInvalidArgument.
Result<http::AddressPolicy> address_policy(const config::HttpConfig& config);

}  // namespace m3u_proxy::daemon
