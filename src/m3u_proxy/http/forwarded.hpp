// Forwarded: under which address a client sees this service, behind the proxies between them.
//
// One function makes the base of every absolute URL. Fields that a proxy adds count only when they
// come from a proxy that is trusted; what a host may be is bounded in any case. Sources: RFC 7239,
// the de-facto X-Forwarded-* fields. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/ip_address.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/http/message.hpp>

namespace m3u_proxy::http {

/// "https://tv.example.org:8443/iptv", taken apart.
struct BaseAddress {
  std::string scheme;  ///< "http" or "https"
  std::string host;    ///< lower case; IPv6 in brackets
  std::uint16_t port = 0;
  std::string prefix;  ///< "" or "/iptv", without '/' at its end

  bool operator==(const BaseAddress&) const = default;
};

/// Without the port where it is the scheme's own, and without '/' at its end.
std::string to_string(const BaseAddress& address);

/// Reads an address that someone configured: http or https, no user, no query.
/// Error: kInvalidArgument.
Result<BaseAddress> parse_base_address(std::string_view url);

struct AddressPolicy {
  std::optional<BaseAddress> public_url;  ///< wins over everything that a request says
  std::vector<Cidr> trusted_proxies;
  bool trust_local = false;  ///< whether who comes through a unix domain socket is a trusted proxy
  /// Names that a request may give as host, lower case, without port; ".example.org" is every name
  /// below that, "*" any host. IP addresses and "localhost" always may: under which addresses a
  /// machine can be reached it often cannot know itself (containers, NAT).
  std::vector<std::string> allowed_hosts;
  /// Of pages that may read what is public by its address (CORS); "*": any.
  std::vector<std::string> allowed_origins{};
  std::string base_path;  ///< where the service is mounted when no proxy says so: "" or "/iptv"
};

/// What is known of a request besides its fields.
struct Arrival {
  std::optional<IpAddress> peer;  ///< nullopt: through a unix domain socket
  bool secure = false;            ///< through TLS
  std::uint16_t local_port = 0;
};

/// Whether a trusted proxy sent the request: only then its fields are the proxy's word.
bool comes_from_trusted_proxy(const Arrival& arrival, const AddressPolicy& policy);

/// The address under which the client reached the service.
///
/// From a trusted proxy X-Forwarded-Proto, -Host, -Port and -Prefix count, each by itself; where
/// there is none of them, the Forwarded field. In lists the entry counts that the outermost trusted
/// proxy wrote, as X-Forwarded-For tells. A port is in X-Forwarded-Port, else in the host that
/// is used, else it is the scheme's own; a proxy that passes Host on without its port and says
/// nothing else about it is taken by its word.
/// Error: kInvalidArgument for a host that is malformed or not allowed (421).
Result<BaseAddress> base_address(Headers headers, const Arrival& arrival,
                                 const AddressPolicy& policy);

/// Who sent the request: the last address in X-Forwarded-For that is no trusted proxy, if the peer
/// is one; else the peer. nullopt: a unix domain socket, or an entry that is no address.
std::optional<IpAddress> client_address(Headers headers, const Arrival& arrival,
                                        const AddressPolicy& policy);

}  // namespace m3u_proxy::http
