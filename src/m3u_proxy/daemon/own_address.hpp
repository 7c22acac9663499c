// Under which address others reach a service that listens on every address of its machine.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <m3u_proxy/base/ip_address.hpp>

namespace m3u_proxy::daemon {

/// This machine's name; "" when it has none.
std::string host_name();

/// The addresses of this machine's interfaces that are up, as they are now, without loopback and
/// those that hold on one link only.
std::vector<IpAddress> own_addresses();

/// "192.168.1.5:8080": the first of the addresses that somebody listens at ("0.0.0.0:8080",
/// "[::]:8080"; at least one). In place of every address there is the first one of `own`, IPv4
/// before IPv6, and where there is none of a kind that is listened at, the machine's name `host`.
std::string reachable_at(std::span<const std::string> listens_at, std::span<const IpAddress> own,
                         const std::string& host);

}  // namespace m3u_proxy::daemon
