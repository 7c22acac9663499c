#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <m3u_proxy/sources/request_pace.hpp>

namespace m3u_proxy::sources {
namespace {

using std::chrono::milliseconds;

TEST(AccountPaces, OfOneAccountRequestsAreOneAfterTheOther) {
  AccountPaces paces;
  EXPECT_NE(paces.of("a"), paces.of("b"));
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      const auto done = paces.of("a")->run(milliseconds(1), nullptr, [&] {
        most = std::max(most.load(), ++running);
        std::this_thread::sleep_for(milliseconds(5));
        --running;
      });
      EXPECT_TRUE(done.has_value());
    });
  threads.clear();
  EXPECT_EQ(most, 1);
}

TEST(RequestPace, TheWaitForARequestThatHangsCanBeEnded) {
  RequestPace pace;
  std::atomic<bool> begun = false;
  std::atomic<bool> over = false;
  std::jthread hangs([&] {
    (void)pace.run(milliseconds(0), nullptr, [&] {
      begun = true;
      while (!over) std::this_thread::sleep_for(milliseconds(1));
    });
  });
  while (!begun) std::this_thread::sleep_for(milliseconds(1));
  CancelToken cancel;
  cancel.cancel();
  const auto done = pace.run(milliseconds(0), &cancel, [] { ADD_FAILURE() << "not its turn"; });
  EXPECT_EQ(done.error().code, ErrorCode::kCancelled);
  over = true;
}

}  // namespace
}  // namespace m3u_proxy::sources
