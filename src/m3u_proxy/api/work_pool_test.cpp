#include <future>

#include <gtest/gtest.h>

#include <m3u_proxy/api/work_pool.hpp>

namespace m3u_proxy::api {
namespace {

TEST(WorkPool, DoesWhatItIsGivenOnItsThreads) {
  std::promise<std::thread::id> done;
  WorkPool pool(2, 4);
  WorkPool::Work work = [&] { done.set_value(std::this_thread::get_id()); };
  ASSERT_TRUE(pool.post(work));
  EXPECT_NE(done.get_future().get(), std::this_thread::get_id());
}

TEST(WorkPool, TakesNoMoreThanMayWait) {
  std::promise<void> begun;
  std::promise<void> go_on;
  WorkPool pool(1, 1);
  WorkPool::Work first = [&] {
    begun.set_value();
    go_on.get_future().wait();
  };
  ASSERT_TRUE(pool.post(first));
  begun.get_future().wait();
  WorkPool::Work second = [] {};
  WorkPool::Work third = [] {};
  EXPECT_TRUE(pool.post(second));
  EXPECT_FALSE(pool.post(third));
  EXPECT_TRUE(third);
  go_on.set_value();
}

TEST(WorkPool, DropsWhatWaitsWhenItStops) {
  const auto kept = std::make_shared<int>(0);
  std::promise<void> begun;
  std::promise<void> go_on;
  WorkPool pool(1, 4);
  WorkPool::Work first = [&] {
    begun.set_value();
    go_on.get_future().wait();
  };
  ASSERT_TRUE(pool.post(first));
  begun.get_future().wait();
  WorkPool::Work waiting = [kept] { ++*kept; };
  ASSERT_TRUE(pool.post(waiting));
  std::thread stopper([&] { pool.stop(); });
  while (kept.use_count() > 1) std::this_thread::yield();
  go_on.set_value();
  stopper.join();
  EXPECT_EQ(*kept, 0);
  EXPECT_FALSE(pool.post(first));
}

}  // namespace
}  // namespace m3u_proxy::api
