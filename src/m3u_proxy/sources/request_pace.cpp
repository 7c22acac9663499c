#include <algorithm>
#include <thread>

#include <m3u_proxy/sources/request_pace.hpp>

namespace m3u_proxy::sources {

Result<> RequestPace::run(std::chrono::milliseconds delay, const CancelToken* cancel,
                          const std::function<void()>& request) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kSlice(100);
  const std::lock_guard lock(mutex_);
  while (any_) {
    if (cancel != nullptr && cancel->cancelled())
      return fail(ErrorCode::kCancelled, "stopped while waiting for the account's turn");
    const auto left = last_ + delay - Clock::now();
    if (left <= Clock::duration::zero()) break;
    std::this_thread::sleep_for(std::min<Clock::duration>(left, kSlice));
  }
  request();
  last_ = Clock::now();
  any_ = true;
  return {};
}

}  // namespace m3u_proxy::sources
