#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <m3u_proxy/http/listen_socket.hpp>

namespace m3u_proxy::http {
namespace {

constexpr int kBacklog = 511;
/// The kernel's buffers count to a container's memory; it doubles the figure for its own needs.
constexpr int kSendBuffer = 256 * 1024;
/// What may wait unsent before a socket counts as not writable.
constexpr int kNotSent = 128 * 1024;

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

void set_option(int socket, int level, int name, int value) {
  // Where an option is not known the socket works without it.
  static_cast<void>(::setsockopt(socket, level, name, &value, sizeof value));
}

Result<Addresses> resolve(const TcpEndpoint& endpoint) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  std::string host = endpoint.host;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  // Everywhere: one address of each family that the machine has.
  const bool everywhere = host.empty() || host == "::";
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(everywhere ? nullptr : host.c_str(),
                                  std::to_string(endpoint.port).c_str(), &hints, &found);
  if (error != 0)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("cannot listen on '{}': {}", endpoint.host, ::gai_strerror(error)),
                "give an address of this machine, such as 127.0.0.1 or 0.0.0.0");
  return Addresses(found, &::freeaddrinfo);
}

std::string text_of(const sockaddr_storage& address, std::uint16_t& port) {
  IpAddress ip;
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    port = ntohs(v6.sin6_port);
    std::memcpy(ip.bytes.data(), &v6.sin6_addr, ip.bytes.size());
    return fmt::format("[{}]:{}", to_string(ip), port);
  }
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
  port = ntohs(v4.sin_port);
  ip.bytes[10] = ip.bytes[11] = 0xff;
  std::memcpy(ip.bytes.data() + 12, &v4.sin_addr, 4);
  return fmt::format("{}:{}", to_string(ip), port);
}

Error cannot_listen(std::string_view where, int error) {
  Error problem = system_error(fmt::format("cannot listen on {}", where), error);
  if (error == EADDRINUSE) problem.hint = "another program uses it: end that, or choose another";
  if (error == EACCES) problem.hint = "ports below 1024 need rights: choose another port";
  if (error == EADDRNOTAVAIL) problem.hint = "it is no address of this machine";
  return problem;
}

/// Sockets that are accepted have these options from the one that listens.
void set_options(int socket, const Limits& limits) {
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, SOL_SOCKET, SO_SNDBUF, kSendBuffer);
  set_option(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kNotSent);
  set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT,
             static_cast<int>(std::chrono::milliseconds(limits.write_time).count()));
}

/// A name may have an address of a family that the machine has switched off.
bool is_absent(int error) { return error == EAFNOSUPPORT || error == EADDRNOTAVAIL; }

/// Which of an address's sockets it is.
enum class Turn : bool { kFirst, kFurther };

Result<io::Descriptor> open_socket(const addrinfo& info, const sockaddr_storage& address, Turn turn,
                                   const Limits& limits, bool& absent) {
  std::uint16_t port = 0;
  const std::string where = text_of(address, port);
  io::Descriptor socket(
      ::socket(info.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, info.ai_protocol));
  if (!socket.valid()) {
    absent = is_absent(errno);
    return fail(cannot_listen(where, errno));
  }
  set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (info.ai_family == AF_INET6) set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  set_options(socket.get(), limits);
  // The first one is bound without sharing, so that a port in use is noticed; then it shares.
  if (turn == Turn::kFurther) set_option(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), info.ai_addrlen) != 0) {
    absent = is_absent(errno);
    return fail(cannot_listen(where, errno));
  }
  if (turn == Turn::kFirst) set_option(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (::listen(socket.get(), kBacklog) != 0) return fail(cannot_listen(where, errno));
  return socket;
}

Result<ListenSockets> listen_at(const addrinfo& info, std::uint16_t port, unsigned threads,
                                const Limits& limits, bool& absent) {
  sockaddr_storage address{};
  std::memcpy(&address, info.ai_addr, info.ai_addrlen);
  // "localhost" with any free port is the same port on all of its addresses.
  if (port != 0 && address.ss_family == AF_INET)
    reinterpret_cast<sockaddr_in&>(address).sin_port = htons(port);
  if (port != 0 && address.ss_family == AF_INET6)
    reinterpret_cast<sockaddr_in6&>(address).sin6_port = htons(port);
  ListenSockets result;
  for (unsigned i = 0; i < threads; ++i) {
    const Turn turn = i == 0 ? Turn::kFirst : Turn::kFurther;
    M3U_TRY(io::Descriptor socket, open_socket(info, address, turn, limits, absent));
    socklen_t size = sizeof address;
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
      return fail(system_error("cannot read a socket's address", errno));
    result.sockets.push_back(std::move(socket));
  }
  result.address = text_of(address, result.port);
  return result;
}

bool someone_answers(const sockaddr_un& address) {
  const io::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// Removes a socket that nobody serves any more.
Result<> make_way(const sockaddr_un& address) {
  struct stat there{};
  if (::lstat(address.sun_path, &there) != 0) return {};
  if (!S_ISSOCK(there.st_mode))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is there and is no socket", address.sun_path));
  if (someone_answers(address)) return fail(cannot_listen(address.sun_path, EADDRINUSE));
  if (::unlink(address.sun_path) != 0)
    return fail(system_error(fmt::format("cannot replace '{}'", address.sun_path), errno));
  return {};
}

}  // namespace

Result<std::vector<ListenSockets>> listen_tcp(const TcpEndpoint& endpoint, unsigned threads,
                                              const Limits& limits) {
  M3U_TRY(const Addresses addresses, resolve(endpoint));
  std::vector<ListenSockets> result;
  std::uint16_t port = endpoint.port;
  for (const addrinfo* info = addresses.get(); info != nullptr; info = info->ai_next) {
    bool absent = false;
    auto sockets = listen_at(*info, port, threads, limits, absent);
    const bool others = info->ai_next != nullptr || !result.empty();
    if (!sockets && absent && others) continue;
    if (!sockets) return fail(std::move(sockets).error());
    port = sockets->port;
    result.push_back(*std::move(sockets));
  }
  return result;
}

Result<ListenSockets> listen_unix(const UnixEndpoint& endpoint) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = endpoint.path.string();
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' can't be a socket: its path has {} bytes, and from 1 to {} are "
                            "possible",
                            path, path.size(), sizeof address.sun_path - 1));
  std::memcpy(address.sun_path, path.data(), path.size());
  M3U_CHECK(make_way(address));
  ListenSockets result;
  io::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid() ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail(cannot_listen(path, errno));
  // Until listen() nobody can connect, so there is no moment with other rights.
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || ::listen(socket.get(), kBacklog) != 0)
    return fail(cannot_listen(path, errno));
  result.sockets.push_back(std::move(socket));
  result.address = path;
  return result;
}

}  // namespace m3u_proxy::http
