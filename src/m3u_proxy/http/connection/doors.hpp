// Doors: how many requests of each part of the service (RouteOptions::door) are under way, and how
// many may be. Internal to the server.
//
// Of the connections a sixty-fourth is each door's own, whatever happens at the others; the rest
// goes to whichever asks first. So one door may take almost all, and all together cannot shut one
// out. Requests that no route takes are a door too, "none", with nothing of its own. Doors that the
// network does not reach are counted and never refuse: whoever runs the service gets in.
// Thread-safe, without locks: one atomic add at the beginning of a request and one at its end.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include <m3u_proxy/http/server.hpp>

namespace m3u_proxy::http {

class Doors {
 public:
  /// Of the routes of these routers, numbered on from one to the next; the number behind the last
  /// one is of "none". `connections` may be open from the network, which does not reach `local`
  /// routers.
  Doors(const std::vector<const Router*>& routers, std::size_t connections,
        const std::vector<const Router*>& local = {});

  /// Whether a request to the route `slot` may begin. What has begun has to leave.
  [[nodiscard]] bool enter(std::size_t slot);
  void leave(std::size_t slot);
  [[nodiscard]] std::vector<DoorCounters> read() const;

 private:
  // Each on a cache line of its own.
  struct alignas(64) OneDoor {
    std::string_view name;
    std::int64_t own = 0;
    std::atomic<std::int64_t> under_way{0};
    std::atomic<std::uint64_t> refused{0};
  };
  OneDoor& door(std::string_view name);

  std::deque<OneDoor> doors_;  // their addresses stay
  std::vector<OneDoor*> of_route_;
  std::int64_t common_ = 0;  ///< of all doors, besides their own
  /// Requests under way beyond their door's own; for a moment one less or more.
  alignas(64) std::atomic<std::int64_t> common_used_{0};
};

}  // namespace m3u_proxy::http
