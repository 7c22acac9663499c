// GuardedSockets: has libcurl connect only where an AddressGuard lets it.
#pragma once

#include <string_view>

#include <m3u_proxy/base/error.hpp>
#include <m3u_proxy/net/address_guard.hpp>
#include <m3u_proxy/net/curl_library.hpp>

namespace m3u_proxy::net {

/// Of one transfer; outlives it.
struct GuardedSockets {
  const AddressGuard* guard = nullptr;
  bool refused = false;  ///< the guard did not let it connect

  /// For CURLOPT_OPENSOCKETFUNCTION with one of these as its data: makes the socket of a
  /// connection, once its address is known; none, where it may not be reached.
  static curl_socket_t open(void* self, curlsocktype purpose, curl_sockaddr* address);
};

/// What to say of a host that was refused: kNetwork, with the remedy.
Error is_private(std::string_view host);

}  // namespace m3u_proxy::net
