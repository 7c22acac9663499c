// CircuitBreaker: leaves a host alone that fails again and again, and tries it now and then.
//
// After `failures` in a row it opens: nothing is asked for `pause`, then one request may try; each
// further failure doubles the pause up to `longest_pause`, a success closes it. A host that says
// itself when it wants to be asked (Retry-After) is believed. Knows at most `most_hosts` hosts:
// those that are well are forgotten first. Thread-safe; the time is given by the caller.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace m3u_proxy::jobs {

class CircuitBreaker {
 public:
  struct Options {
    int failures = 3;
    std::chrono::seconds pause{60};
    std::chrono::seconds longest_pause{3600};
    std::size_t most_hosts = 1000;
  };
  CircuitBreaker() : CircuitBreaker(Options()) {}
  explicit CircuitBreaker(Options options) : options_(options) {}

  /// Whether a request may go to `host` at `now` (seconds since 1970). Where the pause of an open
  /// circuit is over, the first one that asks may, and the others wait for how it ends.
  bool allows(std::string_view host, std::int64_t now);
  void succeeded(std::string_view host);
  /// `retry_after`: how long the host asked to be left alone.
  void failed(std::string_view host, std::int64_t now,
              std::optional<std::chrono::seconds> retry_after = std::nullopt);
  /// When `host` may be asked again; nullopt: now.
  [[nodiscard]] std::optional<std::int64_t> open_until(std::string_view host,
                                                       std::int64_t now) const;

 private:
  struct Host {
    int failures = 0;
    std::int64_t open_until = 0;
  };
  [[nodiscard]] bool is_left_alone(const Host& host, std::int64_t now) const;
  void forget_one();

  Options options_;
  mutable std::mutex mutex_;
  std::map<std::string, Host, std::less<>> hosts_;
};

}  // namespace m3u_proxy::jobs
