#include <algorithm>

#include <m3u_proxy/jobs/circuit_breaker.hpp>

namespace m3u_proxy::jobs {

bool CircuitBreaker::allows(std::string_view host, std::int64_t now) {
  const std::scoped_lock lock(mutex_);
  const auto found = hosts_.find(host);
  if (found != hosts_.end() && !is_left_alone(found->second, now)) found->second.open_until = now;
  if (found == hosts_.end() || found->second.failures < options_.failures)
    return found == hosts_.end() || found->second.open_until <= now;
  if (found->second.open_until > now) return false;
  // The one that tries: if it never says how it ended, the next may try after a pause.
  found->second.open_until = now + options_.pause.count();
  return true;
}

void CircuitBreaker::succeeded(std::string_view host) {
  const std::scoped_lock lock(mutex_);
  const auto found = hosts_.find(host);
  if (found != hosts_.end()) hosts_.erase(found);
}

void CircuitBreaker::failed(std::string_view host, std::int64_t now,
                            std::optional<std::chrono::seconds> retry_after) {
  const std::scoped_lock lock(mutex_);
  auto found = hosts_.find(host);
  if (found == hosts_.end()) {
    if (hosts_.size() >= options_.most_hosts) forget_one();
    found = hosts_.emplace(host, Host()).first;
  }
  Host& entry = found->second;
  ++entry.failures;
  std::chrono::seconds pause{0};
  if (entry.failures >= options_.failures) {
    const int doublings = std::min(entry.failures - options_.failures, 20);
    pause = std::min(options_.pause * (std::int64_t{1} << doublings), options_.longest_pause);
  }
  if (retry_after) pause = std::max(pause, std::min(*retry_after, options_.longest_pause));
  entry.open_until = std::max(entry.open_until, now + pause.count());
}

std::optional<std::int64_t> CircuitBreaker::open_until(std::string_view host,
                                                       std::int64_t now) const {
  const std::scoped_lock lock(mutex_);
  const auto found = hosts_.find(host);
  if (found == hosts_.end() || !is_left_alone(found->second, now)) return std::nullopt;
  return found->second.open_until;
}

/// No pause is longer than the longest: one that seems to be began before the clock was set back.
bool CircuitBreaker::is_left_alone(const Host& host, std::int64_t now) const {
  return host.open_until > now && host.open_until - now <= options_.longest_pause.count();
}

/// The one that may be asked soonest.
void CircuitBreaker::forget_one() {
  const auto soonest = std::ranges::min_element(
      hosts_, {}, [](const auto& entry) { return entry.second.open_until; });
  if (soonest != hosts_.end()) hosts_.erase(soonest);
}

}  // namespace m3u_proxy::jobs
