#include <cstring>
#include <optional>

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <m3u_proxy/net/guarded_sockets.hpp>

namespace m3u_proxy::net {
namespace {

/// The address of a socket; nullopt for one that is neither IPv4 nor IPv6.
std::optional<IpAddress> address_of(const curl_sockaddr& from) {
  IpAddress out;
  if (from.family == AF_INET6 && from.addrlen >= sizeof(sockaddr_in6)) {
    sockaddr_in6 address{};
    std::memcpy(&address, &from.addr, sizeof address);
    std::memcpy(out.bytes.data(), &address.sin6_addr, out.bytes.size());
    return out;
  }
  if (from.family != AF_INET || from.addrlen < sizeof(sockaddr_in)) return std::nullopt;
  sockaddr_in address{};
  std::memcpy(&address, &from.addr, sizeof address);
  out.bytes[10] = out.bytes[11] = 0xff;
  std::memcpy(out.bytes.data() + 12, &address.sin_addr, sizeof address.sin_addr);
  return out;
}

}  // namespace

curl_socket_t GuardedSockets::open(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
  auto& sockets = *static_cast<GuardedSockets*>(self);
  const auto to = address_of(*address);
  if (!to || !sockets.guard->allows(*to)) {
    sockets.refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

Error is_private(std::string_view host) {
  return {.code = ErrorCode::kNetwork,
          .message = fmt::format("'{}' is on this machine or in a private network", host),
          .where = {},
          .hint = "who runs the service can allow it: [service] allowed_networks"};
}

}  // namespace m3u_proxy::net
