// StageClock: the processor time of each stage, and the share of the wall time that is its own.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::pipeline {

/// Processor time per stage; thread-safe.
class StageClock {
 public:
  void add(Stage stage, std::chrono::nanoseconds time) {
    nanoseconds_[static_cast<std::size_t>(stage)].fetch_add(time.count(),
                                                            std::memory_order_relaxed);
  }
  /// Shares `wall` among the stages in proportion to the time they took since the last call.
  void share_out(std::chrono::nanoseconds wall);
  /// The wall time shared out to a stage so far.
  [[nodiscard]] std::chrono::nanoseconds wall(Stage stage) const {
    return wall_[static_cast<std::size_t>(stage)];
  }
  void add_wall(Stage stage, std::chrono::nanoseconds time) {
    wall_[static_cast<std::size_t>(stage)] += time;
  }

 private:
  std::array<std::atomic<std::int64_t>, kStageCount> nanoseconds_{};
  std::array<std::chrono::nanoseconds, kStageCount> wall_{};
};

}  // namespace m3u_proxy::pipeline
