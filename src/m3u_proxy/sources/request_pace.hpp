// RequestPace: requests to one account, one after the other and not too fast.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>

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
  std::mutex mutex_;
  std::chrono::steady_clock::time_point last_{};
  bool any_ = false;
};

}  // namespace m3u_proxy::sources
