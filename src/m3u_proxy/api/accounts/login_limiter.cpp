#include <algorithm>
#include <array>
#include <cstdint>

#include <arpa/inet.h>
#include <fmt/format.h>

#include <m3u_proxy/api/accounts/login_limiter.hpp>

namespace m3u_proxy::api {
namespace {

constexpr std::chrono::seconds kLongestWait{15 * 60};
constexpr std::chrono::seconds kLongestWaitOfName{30};
constexpr std::chrono::hours kForgotten{1};
constexpr int kMostDoublings = 10;

/// Of IPv6 one has at least a /64 to oneself: its addresses count as one.
std::string address_key(const std::string& address) {
  std::array<std::uint8_t, 16> bytes{};
  const std::string without_zone = address.substr(0, address.find('%'));
  if (inet_pton(AF_INET6, without_zone.c_str(), bytes.data()) != 1) return "a " + address;
  std::array<char, INET_ADDRSTRLEN> text{};
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(kMapped.begin(), kMapped.end(), bytes.begin()) &&
      inet_ntop(AF_INET, bytes.data() + kMapped.size(), text.data(), text.size()) != nullptr)
    return fmt::format("a {}", text.data());
  std::string key = "a ";
  for (std::size_t i = 0; i < 8; ++i) key += fmt::format("{:02x}", bytes.at(i));
  return key;
}
std::string name_key(const std::string& name) { return "n " + name; }

store::Duration wait_after(int count, int free, std::chrono::seconds longest) {
  if (count < free) return store::Duration(0);
  return std::min(std::chrono::seconds(std::int64_t{1} << std::min(count - free, kMostDoublings)),
                  longest);
}

}  // namespace

LoginLimiter::Failures* LoginLimiter::find(const std::string& key, store::Time now) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  if (now - found->second->last < kForgotten) return &*found->second;
  failures_.erase(found->second);
  by_key_.erase(found);
  return nullptr;
}

store::Duration LoginLimiter::wait(const std::string& address, const std::string& name,
                                   store::Time now) {
  const std::scoped_lock lock(mutex_);
  store::Time until = now;
  if (const Failures* const of = find(address_key(address), now))
    until = std::max(until, of->last + wait_after(of->count, kFree, kLongestWait));
  if (const Failures* const of = find(name_key(name), now))
    until = std::max(until, of->last + wait_after(of->count, kFreeOfName, kLongestWaitOfName));
  return until - now;
}

void LoginLimiter::count(const std::string& key, store::Time now) {
  if (Failures* const of = find(key, now)) {
    ++of->count;
    of->last = now;
    failures_.splice(failures_.begin(), failures_, by_key_.at(key));
    return;
  }
  failures_.push_front({.key = key, .count = 1, .last = now});
  by_key_[key] = failures_.begin();
  if (failures_.size() > kMostKept) {
    by_key_.erase(failures_.back().key);
    failures_.pop_back();
  }
}

void LoginLimiter::failed(const std::string& address, const std::string& name, store::Time now) {
  const std::scoped_lock lock(mutex_);
  count(address_key(address), now);
  count(name_key(name), now);
}

void LoginLimiter::succeeded(const std::string& address, const std::string& name) {
  const std::scoped_lock lock(mutex_);
  for (const std::string& key : {address_key(address), name_key(name)})
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
      failures_.erase(found->second);
      by_key_.erase(found);
    }
}

}  // namespace m3u_proxy::api
