#include <gtest/gtest.h>

#include <m3u_proxy/jobs/circuit_breaker.hpp>

namespace m3u_proxy::jobs {
namespace {

using std::chrono::seconds;

constexpr std::int64_t kNow = 1'000'000;

CircuitBreaker opened() {
  return CircuitBreaker({.failures = 2, .pause = seconds(60), .longest_pause = seconds(200)});
}

TEST(CircuitBreaker, OpensAfterSomeFailuresInARow) {
  CircuitBreaker breaker = opened();
  breaker.failed("host", kNow);
  EXPECT_TRUE(breaker.allows("host", kNow));
  breaker.failed("host", kNow);
  EXPECT_FALSE(breaker.allows("host", kNow + 59));
  EXPECT_EQ(breaker.open_until("host", kNow), kNow + 60);
  EXPECT_TRUE(breaker.allows("other", kNow));
}

TEST(CircuitBreaker, OnlyOneTriesAfterThePause) {
  CircuitBreaker breaker = opened();
  breaker.failed("host", kNow);
  breaker.failed("host", kNow);
  EXPECT_TRUE(breaker.allows("host", kNow + 60));
  EXPECT_FALSE(breaker.allows("host", kNow + 60));
  EXPECT_TRUE(breaker.allows("host", kNow + 120));
}

TEST(CircuitBreaker, ASuccessClosesIt) {
  CircuitBreaker breaker = opened();
  breaker.failed("host", kNow);
  breaker.failed("host", kNow);
  breaker.succeeded("host");
  EXPECT_TRUE(breaker.allows("host", kNow));
  breaker.failed("host", kNow);
  EXPECT_TRUE(breaker.allows("host", kNow));
}

TEST(CircuitBreaker, EachFurtherFailureDoublesThePauseUpToABound) {
  CircuitBreaker breaker = opened();
  breaker.failed("host", kNow);
  breaker.failed("host", kNow);
  breaker.failed("host", kNow);
  EXPECT_EQ(breaker.open_until("host", kNow), kNow + 120);
  for (int i = 0; i < 100; ++i) breaker.failed("host", kNow);
  EXPECT_EQ(breaker.open_until("host", kNow), kNow + 200);
}

TEST(CircuitBreaker, AHostThatNamesATimeIsBelieved) {
  CircuitBreaker breaker = opened();
  breaker.failed("host", kNow, seconds(30));
  EXPECT_FALSE(breaker.allows("host", kNow + 29));
  EXPECT_TRUE(breaker.allows("host", kNow + 30));
}

TEST(CircuitBreaker, AClockThatIsSetBackOpensIt) {
  CircuitBreaker breaker = opened();
  breaker.failed("host", kNow);
  breaker.failed("host", kNow);
  EXPECT_EQ(breaker.open_until("host", kNow - 1000), std::nullopt);
  EXPECT_TRUE(breaker.allows("host", kNow - 1000));
  EXPECT_FALSE(breaker.allows("host", kNow - 1000));
}

TEST(CircuitBreaker, RemembersABoundedNumberOfHosts) {
  CircuitBreaker breaker({.failures = 1, .most_hosts = 10});
  breaker.failed("first", kNow, seconds(3000));
  for (int i = 0; i < 1000; ++i) breaker.failed("host" + std::to_string(i), kNow);
  EXPECT_FALSE(breaker.allows("first", kNow));
  EXPECT_TRUE(breaker.allows("host1", kNow));
}

}  // namespace
}  // namespace m3u_proxy::jobs
