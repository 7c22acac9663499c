// Progress: tells the listener of a run how far its passes are, not more often than every tenth of
// a second.
#pragma once

#include <chrono>
#include <cstdint>

#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::pipeline {

/// Used by one thread at a time.
class Progress {
 public:
  /// `listener` may be nullptr: nobody is told.
  explicit Progress(ProgressListener* listener) : listener_(listener) {}

  /// `items` channels or programmes so far; `done` of `total` bytes or batches (0: not known).
  void report(Stage stage, std::uint64_t items, std::uint64_t done, std::uint64_t total) {
    if (listener_ == nullptr) return;
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::milliseconds(100);
    listener_->on_progress(to_string(stage), items, done, total);
  }

 private:
  ProgressListener* listener_;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace m3u_proxy::pipeline
