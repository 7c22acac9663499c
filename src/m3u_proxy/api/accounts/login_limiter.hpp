// LoginLimiter: how often a password may be tried: after a few failures each further one from the
// same address (of IPv6 the same /64), or for the same name, has to wait longer.
//
// What it remembers is bounded: the oldest is forgotten. Thread-safe; time is passed in.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <string>

#include <m3u_proxy/store/time.hpp>

namespace m3u_proxy::api {

class LoginLimiter {
 public:
  /// From so many failures on one has to wait: 1 s, 2 s, 4 s … up to 15 minutes.
  static constexpr int kFree = 5;
  /// A name that somebody attacks from many addresses waits this long at most, so that its owner
  /// is not locked out.
  static constexpr int kFreeOfName = 20;
  static constexpr std::size_t kMostKept = 2048;

  /// How long `address` and `name` have to wait before they may try; 0: they may now.
  [[nodiscard]] store::Duration wait(const std::string& address, const std::string& name,
                                     store::Time now);
  void failed(const std::string& address, const std::string& name, store::Time now);
  void succeeded(const std::string& address, const std::string& name);

 private:
  struct Failures {
    std::string key;
    int count = 0;
    store::Time last{};
  };
  Failures* find(const std::string& key, store::Time now);
  void count(const std::string& key, store::Time now);

  std::mutex mutex_;
  std::list<Failures> failures_;  // the last one first
  std::map<std::string, std::list<Failures>::iterator> by_key_;
};

}  // namespace m3u_proxy::api
