#include <algorithm>
#include <limits>

#include <m3u_proxy/http/connection/doors.hpp>

namespace m3u_proxy::http {
namespace {

/// Which part of the connections is each door's own.
constexpr std::int64_t kOwnPart = 64;
constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();

}  // namespace

Doors::Doors(const std::vector<const Router*>& routers, std::size_t connections,
             const std::vector<const Router*>& local)
    : common_(static_cast<std::int64_t>(connections)) {
  const std::int64_t own = std::max<std::int64_t>(common_ / kOwnPart, 1);
  for (const Router* router : routers) {
    const bool remote = std::ranges::find(local, router) == local.end();
    for (const Route& route : router->routes()) {
      OneDoor& door = this->door(route.options.door);
      of_route_.push_back(&door);
      if (!remote && door.own == 0) door.own = kAll;
      if (remote && door.own != own) common_ -= door.own = own;
    }
  }
  common_ = std::max<std::int64_t>(common_, 1);  // or "none" would have no room at all
  of_route_.push_back(&door("none"));
}

Doors::OneDoor& Doors::door(std::string_view name) {
  const auto found = std::ranges::find(doors_, name, &OneDoor::name);
  if (found != doors_.end()) return *found;
  OneDoor& added = doors_.emplace_back();
  added.name = name;
  return added;
}

bool Doors::enter(std::size_t slot) {
  OneDoor& door = *of_route_[slot];
  if (door.under_way.fetch_add(1, std::memory_order_relaxed) < door.own) return true;
  if (common_used_.fetch_add(1, std::memory_order_relaxed) < common_) return true;
  leave(slot);
  door.refused.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void Doors::leave(std::size_t slot) {
  // Who goes down from n to n - 1 undoes what somebody did who went up from there.
  OneDoor& door = *of_route_[slot];
  if (door.under_way.fetch_sub(1, std::memory_order_relaxed) > door.own)
    common_used_.fetch_sub(1, std::memory_order_relaxed);
}

std::vector<DoorCounters> Doors::read() const {
  std::vector<DoorCounters> result;
  for (const OneDoor& door : doors_)
    result.push_back({.name = door.name,
                      .under_way = static_cast<std::uint64_t>(std::max<std::int64_t>(
                          door.under_way.load(std::memory_order_relaxed), 0)),
                      .refused = door.refused.load(std::memory_order_relaxed)});
  return result;
}

}  // namespace m3u_proxy::http
