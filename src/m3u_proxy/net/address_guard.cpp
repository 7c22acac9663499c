#include <algorithm>
#include <array>
#include <string_view>

#include <m3u_proxy/net/address_guard.hpp>

namespace m3u_proxy::net {
namespace {

constexpr std::array<std::string_view, 15> kPrivate = {
    "0.0.0.0/8",     "10.0.0.0/8",   "100.64.0.0/10",  "127.0.0.0/8",   "169.254.0.0/16",
    "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3",
    "::/64",         "fc00::/7",     "fe80::/9",       "ff00::/8",      "100::/64"};

const std::vector<Cidr>& private_ranges() {
  static const std::vector<Cidr> kRanges = [] {
    std::vector<Cidr> ranges;
    for (const std::string_view text : kPrivate)
      if (const auto range = parse_cidr(text)) ranges.push_back(*range);
    return ranges;
  }();
  return kRanges;
}

/// The IPv4 address that is meant by one of IPv6; the address itself where none is.
IpAddress meant(const IpAddress& address) {
  constexpr std::array<std::uint8_t, 12> kNat64 = {0, 0x64, 0xff, 0x9b};
  IpAddress v4{.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};
  const auto& from = address.bytes;
  if (std::equal(kNat64.begin(), kNat64.end(), from.begin())) {
    std::copy(from.begin() + 12, from.end(), v4.bytes.begin() + 12);
    return v4;
  }
  if (from[0] == 0x20 && from[1] == 0x02) {  // 6to4
    std::copy(from.begin() + 2, from.begin() + 6, v4.bytes.begin() + 12);
    return v4;
  }
  return address;
}

bool lies_in(const std::vector<Cidr>& ranges, const IpAddress& address) {
  return std::ranges::any_of(ranges, [&](const Cidr& range) { return range.contains(address); });
}

}  // namespace

bool AddressGuard::allows(const IpAddress& address) const {
  const IpAddress real = meant(address);
  if (lies_in(allowed_, real)) return true;
  // ::/64 has the mapped addresses too, which are public where their IPv4 address is.
  for (const Cidr& range : private_ranges())
    if (range.contains(real) && !(real.is_v4() && range.bits == 64)) return false;
  return true;
}

}  // namespace m3u_proxy::net
