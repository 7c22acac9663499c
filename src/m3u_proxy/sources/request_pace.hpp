// RequestPace: requests to one account, one after the other and not too fast.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::sources {

/// Thread-safe.
class RequestPace {
 public:
  /// Runs `request` when no other runs and the last one ended `delay` ago. `cancel` (may be
  /// nullptr) ends the wait within a tenth of a second. Error: kCancelled.
  Result<> run(std::chrono::milliseconds delay, const CancelToken* cancel,
               const std::function<void()>& request);

 private:
  std::timed_mutex mutex_;
  std::chrono::steady_clock::time_point last_{};
  bool any_ = false;
};

/// The paces of all accounts. Shared by the runs of a process, which may ask one account at the
/// same time. Thread-safe.
class AccountPaces {
 public:
  /// That of the account with this key.
  [[nodiscard]] std::shared_ptr<RequestPace> of(const std::string& key);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<RequestPace>> paces_;
};

}  // namespace m3u_proxy::sources
