// IpAddress and Cidr: an address of IPv4 or IPv6, and a range of them as `192.168.0.0/16`.
//
// Plain values; pure and thread-safe. An IPv4 address that is mapped into IPv6 (::ffff:1.2.3.4) is
// the IPv4 address.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy {

struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};  ///< IPv4 as ::ffff:a.b.c.d

  constexpr auto operator<=>(const IpAddress&) const = default;
  [[nodiscard]] bool is_v4() const;
  [[nodiscard]] bool is_loopback() const;
};

/// Reads "1.2.3.4", "2001:db8::1", "[2001:db8::1]"; nullopt for everything else, ports included.
std::optional<IpAddress> parse_ip(std::string_view text);
std::string to_string(const IpAddress& address);

struct Cidr {
  IpAddress base;
  unsigned bits = 128;  ///< of the 128; 96 more than what is written for IPv4

  [[nodiscard]] bool contains(const IpAddress& address) const;
};

/// Reads "10.0.0.0/8", "fd00::/8", or an address alone. Error: kInvalidArgument.
Result<Cidr> parse_cidr(std::string_view text);

}  // namespace m3u_proxy
