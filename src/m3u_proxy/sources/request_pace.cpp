#include <algorithm>
#include <thread>

#include <m3u_proxy/sources/request_pace.hpp>

namespace m3u_proxy::sources {
namespace {

/// More are kept only while they are in use.
constexpr std::size_t kManyPaces = 1000;

}  // namespace

Result<> RequestPace::run(std::chrono::milliseconds delay, const CancelToken* cancel,
                          const std::function<void()>& request) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kSlice(100);
  const auto stopped = [&]() -> Result<> {
    if (cancel == nullptr || !cancel->cancelled()) return {};
    return fail(ErrorCode::kCancelled, "stopped while waiting for the account's turn");
  };
  std::unique_lock lock(mutex_, std::defer_lock);
  while (!lock.try_lock_for(kSlice)) M3U_CHECK(stopped());
  while (any_) {
    M3U_CHECK(stopped());
    const auto left = last_ + delay - Clock::now();
    if (left <= Clock::duration::zero()) break;
    std::this_thread::sleep_for(std::min<Clock::duration>(left, kSlice));
  }
  request();
  last_ = Clock::now();
  any_ = true;
  return {};
}

std::shared_ptr<RequestPace> AccountPaces::of(const std::string& key) {
  const std::scoped_lock lock(mutex_);
  if (paces_.size() >= kManyPaces)
    std::erase_if(paces_, [](const auto& entry) { return entry.second.use_count() == 1; });
  std::shared_ptr<RequestPace>& pace = paces_[key];
  if (!pace) pace = std::make_shared<RequestPace>();
  return pace;
}

}  // namespace m3u_proxy::sources
