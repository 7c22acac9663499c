#include <gtest/gtest.h>

#include <m3u_proxy/http/connection/places.hpp>

namespace m3u_proxy::http {
namespace {

using enum Places::Outcome;

Guest from(std::string_view address) {
  return {.local = false, .network = network_of(*parse_ip(address))};
}

TEST(Places, AnIpv6NetworkIsOneClientAndAnIpv4AddressAnother) {
  EXPECT_EQ(network_of(*parse_ip("2001:db8::1")), network_of(*parse_ip("2001:db8::ffff:2")));
  EXPECT_NE(network_of(*parse_ip("2001:db8::1")), network_of(*parse_ip("2001:db8:0:1::1")));
  EXPECT_NE(network_of(*parse_ip("10.0.0.1")), network_of(*parse_ip("10.0.0.2")));
  EXPECT_EQ(network_of(*parse_ip("::ffff:10.0.0.1")), network_of(*parse_ip("10.0.0.1")));
  EXPECT_NE(network_of(*parse_ip("fe80::1")), network_of(*parse_ip("fe80::2")));
  EXPECT_NE(network_of(*parse_ip("febf::1")), network_of(*parse_ip("febf::2")));
  EXPECT_EQ(network_of(*parse_ip("fec0::1")), network_of(*parse_ip("fec0::2")));
}

TEST(Places, AnAddressHoldsItsShareAndNoMore) {
  Places places(100, false);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(places.take(from("10.0.0.1")), kTaken);
  EXPECT_EQ(places.take(from("10.0.0.1")), kNetworkFull);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(places.take(from("10.0.0.2")), kTaken);
  EXPECT_EQ(places.take(from("10.0.0.3")), kFull);
  places.give_back(from("10.0.0.1"));
  EXPECT_EQ(places.take(from("10.0.0.1")), kTaken);
  EXPECT_EQ(places.open(), 100U);
}

TEST(Places, ATrustedProxyHasNoShare) {
  Places places(100, false);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(places.take({}), kTaken);
  EXPECT_EQ(places.take({}), kFull);
}

TEST(Places, AFewAreKeptForLocalListeners) {
  Places places(100, true);
  EXPECT_EQ(places.remote_limit(), 92U);
  for (int i = 0; i < 92; ++i) ASSERT_EQ(places.take({}), kTaken);
  EXPECT_EQ(places.take({}), kFull);
  const Guest local{.local = true};
  for (int i = 0; i < 8; ++i) ASSERT_EQ(places.take(local), kTaken);
  EXPECT_EQ(places.take(local), kFull);
  places.give_back({});
  // It is anybody's.
  EXPECT_EQ(places.take(local), kTaken);
  EXPECT_EQ(places.take({}), kFull);
}

TEST(Places, WhereThereAreFewAnAddressMayHoldThreeQuarters) {
  Places places(16, true);
  EXPECT_EQ(places.remote_limit(), 14U);
  for (int i = 0; i < 11; ++i) ASSERT_EQ(places.take(from("10.0.0.1")), kTaken);
  EXPECT_EQ(places.take(from("10.0.0.1")), kNetworkFull);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(places.take(from("10.0.0.2")), kTaken);
  EXPECT_EQ(places.take(from("10.0.0.2")), kFull);
  EXPECT_EQ(Places(48, false).share(), 32U);
  EXPECT_EQ(Places(1, false).share(), 1U);
}

TEST(Places, HowManyANetworkHoldsIsKnown) {
  Places places(10, false);
  EXPECT_EQ(places.held(from("2001:db8::1")), 0U);
  for (const char* address : {"2001:db8::1", "2001:db8::2", "10.0.0.1"})
    ASSERT_EQ(places.take(from(address)), kTaken);
  ASSERT_EQ(places.take({}), kTaken);
  EXPECT_EQ(places.held(from("2001:db8::3")), 2U);
  EXPECT_EQ(places.held({}), 0U);
  places.give_back(from("2001:db8::2"));
  EXPECT_EQ(places.held(from("2001:db8::1")), 1U);
}

}  // namespace
}  // namespace m3u_proxy::http
