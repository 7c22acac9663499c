// AddressGuard: which machines a fetch may reach, where somebody who may not see them asks for it:
// nothing private, unless it is allowed by name.
//
// It is asked for the address of each connection, after the name was resolved, so neither a name
// that means something else a moment later nor a redirect gets around it. Immutable, thread-safe.
// Source: RFC 6890 and the IANA registries of special-purpose addresses.
#pragma once

#include <vector>

#include <m3u_proxy/base/ip_address.hpp>

namespace m3u_proxy::net {

class AddressGuard {
 public:
  /// `allowed`: private ranges that may be reached all the same.
  explicit AddressGuard(std::vector<Cidr> allowed) : allowed_(std::move(allowed)) {}

  /// Public addresses, and those that were allowed. An IPv4 address inside of an IPv6 one (mapped,
  /// NAT64, 6to4) counts as what it is.
  [[nodiscard]] bool allows(const IpAddress& address) const;

 private:
  std::vector<Cidr> allowed_;
};

}  // namespace m3u_proxy::net
