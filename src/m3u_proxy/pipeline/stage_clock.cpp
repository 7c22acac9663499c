#include <m3u_proxy/pipeline/stage_clock.hpp>

namespace m3u_proxy::pipeline {

void StageClock::share_out(std::chrono::nanoseconds wall) {
  std::int64_t total = 0;
  for (const auto& time : nanoseconds_) total += time.load();
  for (std::size_t i = 0; i < kStageCount; ++i) {
    const std::int64_t time = nanoseconds_[i].exchange(0);
    if (total == 0) continue;
    wall_[i] += std::chrono::nanoseconds(
        static_cast<std::int64_t>(static_cast<double>(wall.count()) * static_cast<double>(time) /
                                  static_cast<double>(total)));
  }
}

}  // namespace m3u_proxy::pipeline
