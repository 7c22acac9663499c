#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include <m3u_proxy/daemon/own_address.hpp>

namespace m3u_proxy::daemon {
namespace {

std::optional<IpAddress> address_of(const sockaddr& socket) {
  IpAddress out;
  if (socket.sa_family == AF_INET6) {
    sockaddr_in6 address{};
    std::memcpy(&address, &socket, sizeof address);
    if (IN6_IS_ADDR_LINKLOCAL(&address.sin6_addr)) return std::nullopt;
    std::memcpy(out.bytes.data(), &address.sin6_addr, out.bytes.size());
    return out;
  }
  if (socket.sa_family != AF_INET) return std::nullopt;
  sockaddr_in address{};
  std::memcpy(&address, &socket, sizeof address);
  constexpr std::uint32_t kLinkLocal = 0xa9fe;  // 169.254.0.0/16
  if (ntohl(address.sin_addr.s_addr) >> 16U == kLinkLocal) return std::nullopt;
  out.bytes[10] = out.bytes[11] = 0xff;
  std::memcpy(out.bytes.data() + 12, &address.sin_addr, sizeof address.sin_addr);
  return out;
}

/// The port of an address that stands for every address of a kind.
std::optional<std::string_view> port_of(std::string_view address, std::string_view every) {
  if (!address.starts_with(every)) return std::nullopt;
  return address.substr(every.size());
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

std::vector<IpAddress> own_addresses() {
  std::vector<IpAddress> addresses;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return addresses;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all(list, &::freeifaddrs);
  for (const ifaddrs* one = all.get(); one != nullptr; one = one->ifa_next) {
    constexpr unsigned kWorks = IFF_UP | IFF_RUNNING;
    if (one->ifa_addr == nullptr || (one->ifa_flags & kWorks) != kWorks) continue;
    if (const auto address = address_of(*one->ifa_addr); address && !address->is_loopback())
      addresses.push_back(*address);
  }
  return addresses;
}

std::string reachable_at(std::span<const std::string> listens_at, std::span<const IpAddress> own,
                         const std::string& host) {
  constexpr std::string_view kEveryV4 = "0.0.0.0:";
  constexpr std::string_view kEveryV6 = "[::]:";
  const auto first = [&](bool v4) { return std::ranges::find(own, v4, &IpAddress::is_v4); };
  for (const std::string& address : listens_at)
    if (const auto port = port_of(address, kEveryV4); port && first(true) != own.end())
      return fmt::format("{}:{}", to_string(*first(true)), *port);
  for (const std::string& address : listens_at)
    if (const auto port = port_of(address, kEveryV6); port && first(false) != own.end())
      return fmt::format("[{}]:{}", to_string(*first(false)), *port);
  const std::string& address = listens_at.front();
  for (const std::string_view every : {kEveryV4, kEveryV6})
    if (const auto port = port_of(address, every))
      return fmt::format("{}:{}", host.empty() ? "localhost" : host, *port);
  return address;
}

}  // namespace m3u_proxy::daemon
