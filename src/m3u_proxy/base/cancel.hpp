// CancelToken: how a signal or a caller asks a job to stop. Safe to set from a signal handler.
#pragma once

#include <atomic>

namespace m3u_proxy {

class CancelToken {
 public:
  void cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool cancelled() const noexcept {
    return cancelled_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<bool> cancelled_{false};
};

}  // namespace m3u_proxy
