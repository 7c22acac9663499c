#include <algorithm>
#include <charconv>

#include <arpa/inet.h>
#include <fmt/format.h>

#include <m3u_proxy/base/ip_address.hpp>

namespace m3u_proxy {
namespace {

constexpr std::size_t kMappedBytes = 12;
constexpr unsigned kMappedBits = 96;
constexpr std::array<std::uint8_t, kMappedBytes> kMapped = {0, 0, 0, 0, 0,    0,
                                                            0, 0, 0, 0, 0xff, 0xff};

}  // namespace

bool IpAddress::is_v4() const { return std::equal(kMapped.begin(), kMapped.end(), bytes.begin()); }

bool IpAddress::is_loopback() const {
  if (is_v4()) return bytes[kMappedBytes] == 127;
  return std::all_of(bytes.begin(), bytes.end() - 1, [](auto byte) { return byte == 0; }) &&
         bytes.back() == 1;
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']')
    text = text.substr(1, text.size() - 2);
  if (text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  const std::string terminated(text);
  IpAddress address;
  if (::inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
  std::ranges::copy(kMapped, address.bytes.begin());
  if (::inet_pton(AF_INET, terminated.c_str(), address.bytes.data() + kMappedBytes) == 1)
    return address;
  return std::nullopt;
}

std::string to_string(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = address.is_v4();
  ::inet_ntop(v4 ? AF_INET : AF_INET6, address.bytes.data() + (v4 ? kMappedBytes : 0), text.data(),
              text.size());
  return text.data();
}

bool Cidr::contains(const IpAddress& address) const {
  const std::size_t whole = bits / 8;
  if (!std::equal(base.bytes.begin(), base.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                  address.bytes.begin()))
    return false;
  const unsigned rest = bits % 8;
  if (rest == 0) return true;
  const unsigned difference = static_cast<unsigned>(base.bytes[whole]) ^ address.bytes[whole];
  return difference >> (8 - rest) == 0;
}

Result<Cidr> parse_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto base = parse_ip(text.substr(0, slash));
  const auto wrong = [&] {
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no range of addresses", text),
                "write one as 192.168.0.0/16 or fd00::/8, or an address alone");
  };
  if (!base) return wrong();
  Cidr cidr{.base = *base};
  if (slash == std::string_view::npos) return cidr;
  const unsigned fixed = base->is_v4() ? kMappedBits : 0;
  const std::string_view number = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), bits);
  if (error != std::errc{} || end != number.data() + number.size() || bits > 128 - fixed)
    return wrong();
  cidr.bits = bits + fixed;
  return cidr;
}

}  // namespace m3u_proxy
