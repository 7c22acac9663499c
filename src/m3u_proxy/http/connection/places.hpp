// Places: how many connections may be open, and how they are shared out. Internal to the server.
//
// A few places are kept for local listeners (unix domain sockets), so that whoever runs the service
// gets in while the network has taken all others. No network address holds more than its share.
// What is remembered grows with the open connections only. Thread-safe; a short lock a connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include <m3u_proxy/base/ip_address.hpp>

namespace m3u_proxy::http {

/// What counts as one client: an IPv4 address, or the 64 bits of an IPv6 network, of which one
/// machine may use any address. Link-local addresses (fe80::/10) are all of one network, so each of
/// them counts by itself.
IpAddress network_of(const IpAddress& address);

/// Whose connection it is.
struct Guest {
  bool local = false;                  ///< through a unix domain socket
  std::optional<IpAddress> network{};  ///< whose share it counts to; nullopt: to nobody's
};

class Places {
 public:
  /// `connections`: of all listeners together. `keep_local`: whether there is a local listener to
  /// keep places for.
  Places(std::size_t connections, bool keep_local);

  enum class Outcome : std::uint8_t {
    kTaken,
    kFull,         ///< no place is left
    kNetworkFull,  ///< the guest's network has its share
  };
  /// What was taken has to be given back.
  [[nodiscard]] Outcome take(const Guest& guest);
  void give_back(const Guest& guest);

  [[nodiscard]] std::size_t limit() const { return limit_; }
  /// The most that may come from the network.
  [[nodiscard]] std::size_t remote_limit() const { return remote_limit_; }
  /// The most of one network address.
  [[nodiscard]] std::size_t share() const { return share_; }
  [[nodiscard]] std::size_t open() const;
  /// How many the guest's network holds; 0 where they count to nobody.
  [[nodiscard]] std::size_t held(const Guest& guest) const;

 private:
  std::size_t limit_;
  std::size_t remote_limit_;
  std::size_t share_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::size_t open_ = 0;
  std::size_t remote_ = 0;  ///< of them, from the network
  std::map<IpAddress, std::size_t> by_network_;
};

}  // namespace m3u_proxy::http
