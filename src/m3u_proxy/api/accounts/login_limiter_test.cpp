#include <gtest/gtest.h>

#include <m3u_proxy/api/accounts/login_limiter.hpp>

namespace m3u_proxy::api {
namespace {

using std::chrono::seconds;

class LoginLimiterTest : public testing::Test {
 protected:
  void fail(int times, const std::string& address, const std::string& name) {
    for (int i = 0; i < times; ++i) limiter_.failed(address, name, now_);
  }
  [[nodiscard]] store::Duration wait(const std::string& address, const std::string& name) {
    return limiter_.wait(address, name, now_);
  }

  LoginLimiter limiter_;
  store::Time now_{seconds(1'700'000'000)};
};

TEST_F(LoginLimiterTest, AFewFailuresAreFree) {
  fail(LoginLimiter::kFree - 1, "192.0.2.1", "anna");
  EXPECT_EQ(wait("192.0.2.1", "anna"), seconds(0));
}

TEST_F(LoginLimiterTest, EachFurtherFailureDoublesTheWait) {
  fail(LoginLimiter::kFree, "192.0.2.1", "anna");
  EXPECT_EQ(wait("192.0.2.1", "otto"), seconds(1));
  fail(3, "192.0.2.1", "anna");
  EXPECT_EQ(wait("192.0.2.1", "otto"), seconds(8));
  now_ += seconds(5);
  EXPECT_EQ(wait("192.0.2.1", "otto"), seconds(3));
}

TEST_F(LoginLimiterTest, NobodyElseWaitsForAnAddressThatFails) {
  fail(LoginLimiter::kFree + 5, "192.0.2.1", "anna");
  EXPECT_EQ(wait("192.0.2.2", "anna"), seconds(0));
}

TEST_F(LoginLimiterTest, AllAddressesOfAnIpv6NetworkOfSixtyFourBitsAreOne) {
  for (int i = 0; i < LoginLimiter::kFree; ++i)
    limiter_.failed("2001:db8:0:7::" + std::to_string(i), "anna", now_);
  EXPECT_EQ(wait("2001:db8:0:7:ffff::9", "otto"), seconds(1));
  EXPECT_EQ(wait("2001:db8:0:8::1", "otto"), seconds(0));
}

TEST_F(LoginLimiterTest, AnIpv4AddressInIpv6IsItself) {
  fail(LoginLimiter::kFree, "::ffff:192.0.2.1", "anna");
  EXPECT_EQ(wait("192.0.2.1", "otto"), seconds(1));
  EXPECT_EQ(wait("::ffff:192.0.2.2", "otto"), seconds(0));
}

TEST_F(LoginLimiterTest, AnAddressWaitsAQuarterOfAnHourAtMost) {
  fail(100, "192.0.2.1", "anna");
  EXPECT_EQ(wait("192.0.2.1", "otto"), seconds(900));
}

TEST_F(LoginLimiterTest, ANameThatIsAttackedFromManyAddressesWaitsHalfAMinuteAtMost) {
  for (int i = 0; i < 100; ++i) limiter_.failed("192.0.2." + std::to_string(i), "anna", now_);
  EXPECT_EQ(wait("198.51.100.1", "anna"), seconds(30));
  EXPECT_EQ(wait("198.51.100.1", "otto"), seconds(0));
}

TEST_F(LoginLimiterTest, ASuccessForgetsTheFailures) {
  fail(LoginLimiter::kFree + 1, "192.0.2.1", "anna");
  limiter_.succeeded("192.0.2.1", "anna");
  EXPECT_EQ(wait("192.0.2.1", "anna"), seconds(0));
}

TEST_F(LoginLimiterTest, AnHourForgetsThemToo) {
  fail(LoginLimiter::kFree + 1, "192.0.2.1", "anna");
  now_ += std::chrono::hours(1);
  EXPECT_EQ(wait("192.0.2.1", "anna"), seconds(0));
  fail(1, "192.0.2.1", "anna");
  EXPECT_EQ(wait("192.0.2.1", "anna"), seconds(0));
}

TEST_F(LoginLimiterTest, OfVeryManyTheOldestAreForgotten) {
  fail(LoginLimiter::kFree, "192.0.2.1", "anna");
  for (std::size_t i = 0; i < LoginLimiter::kMostKept; ++i)
    limiter_.failed("x" + std::to_string(i), "somebody", now_);
  EXPECT_EQ(wait("192.0.2.1", "otto"), seconds(0));
}

}  // namespace
}  // namespace m3u_proxy::api
