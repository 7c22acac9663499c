#include <algorithm>

#include <m3u_proxy/http/connection/places.hpp>

namespace m3u_proxy::http {
namespace {

/// What is kept for local listeners: this many, where that is no more than an eighth.
constexpr std::size_t kLocalPlaces = 8;
constexpr std::size_t kLocalPart = 8;
/// A network address may hold half of all, and where these are few as many as several browsers
/// open, but for a quarter of what the network has.
constexpr std::size_t kPartOfOne = 2;
constexpr std::size_t kFewestOfOne = 32;
constexpr std::size_t kPartOfOthers = 4;
constexpr std::size_t kNetworkBytes = 8;

bool is_link_local(const IpAddress& address) {
  return address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0U) == 0x80;
}

}  // namespace

IpAddress network_of(const IpAddress& address) {
  IpAddress network = address;
  if (!address.is_v4() && !is_link_local(address))
    std::fill(network.bytes.begin() + kNetworkBytes, network.bytes.end(), std::uint8_t{0});
  return network;
}

Places::Places(std::size_t connections, bool keep_local)
    : limit_(connections),
      remote_limit_(connections -
                    (keep_local ? std::min(kLocalPlaces, connections / kLocalPart) : 0)),
      share_(std::max(connections / kPartOfOne,
                      std::min(kFewestOfOne, remote_limit_ - remote_limit_ / kPartOfOthers))) {}

Places::Outcome Places::take(const Guest& guest) {
  const std::scoped_lock lock(mutex_);
  if (guest.network) {
    const auto found = by_network_.find(*guest.network);
    if (found != by_network_.end() && found->second >= share_) return Outcome::kNetworkFull;
  }
  if (open_ >= limit_ || (!guest.local && remote_ >= remote_limit_)) return Outcome::kFull;
  if (guest.network) ++by_network_[*guest.network];
  if (!guest.local) ++remote_;
  ++open_;
  return Outcome::kTaken;
}

void Places::give_back(const Guest& guest) {
  const std::scoped_lock lock(mutex_);
  --open_;
  if (!guest.local) --remote_;
  if (!guest.network) return;
  const auto found = by_network_.find(*guest.network);
  if (--found->second == 0) by_network_.erase(found);
}

std::size_t Places::open() const {
  const std::scoped_lock lock(mutex_);
  return open_;
}

std::size_t Places::held(const Guest& guest) const {
  if (!guest.network) return 0;
  const std::scoped_lock lock(mutex_);
  const auto found = by_network_.find(*guest.network);
  return found == by_network_.end() ? 0 : found->second;
}

}  // namespace m3u_proxy::http
