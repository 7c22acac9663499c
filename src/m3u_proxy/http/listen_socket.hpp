// Listening sockets of a server. Internal to the server.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <m3u_proxy/http/limits.hpp>
#include <m3u_proxy/http/server.hpp>
#include <m3u_proxy/io/descriptor.hpp>

namespace m3u_proxy::http {

/// One address of an endpoint, listened to by one socket for each thread.
struct ListenSockets {
  std::vector<io::Descriptor> sockets;
  std::string address;
  std::uint16_t port = 0;
};

/// Opens `threads` sockets for each address of the host; "::" is every address, IPv4 too. Those
/// that are accepted from them have small send buffers and end when nothing is acknowledged for
/// `limits.write_time`. A port that another server uses is refused, even if that one shares it.
Result<std::vector<ListenSockets>> listen_tcp(const TcpEndpoint& endpoint, unsigned threads,
                                              const Limits& limits);
/// One socket of mode 0600. Refuses a path where someone answers, or where something else is.
Result<ListenSockets> listen_unix(const UnixEndpoint& endpoint);

}  // namespace m3u_proxy::http
