#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/daemon/own_address.hpp>

namespace m3u_proxy::daemon {
namespace {

using Addresses = std::vector<std::string>;

std::string reachable(const Addresses& listens_at, const Addresses& own) {
  std::vector<IpAddress> addresses;
  for (const std::string& one : own) addresses.push_back(*parse_ip(one));
  return reachable_at(listens_at, addresses, "nas");
}

TEST(OwnAddress, StandsInForEveryAddressIpv4First) {
  const Addresses own = {"fd00::2", "192.168.1.5", "10.0.0.1"};
  EXPECT_EQ(reachable({"0.0.0.0:8080"}, own), "192.168.1.5:8080");
  EXPECT_EQ(reachable({"0.0.0.0:8080", "[::]:8080"}, own), "192.168.1.5:8080");
  EXPECT_EQ(reachable({"[::]:8080", "0.0.0.0:8080"}, own), "192.168.1.5:8080");
}

TEST(OwnAddress, IsOfAKindThatIsListenedAt) {
  EXPECT_EQ(reachable({"[::]:8080"}, {"192.168.1.5", "fd00::2"}), "[fd00::2]:8080");
  EXPECT_EQ(reachable({"0.0.0.0:8080", "[::]:8080"}, {"fd00::2"}), "[fd00::2]:8080");
}

TEST(OwnAddress, WithoutOneTheMachinesNameStandsThere) {
  EXPECT_EQ(reachable({"0.0.0.0:8080"}, {}), "nas:8080");
  EXPECT_EQ(reachable({"0.0.0.0:8080"}, {"fd00::2"}), "nas:8080");
  EXPECT_EQ(reachable({"[::]:8080"}, {}), "nas:8080");
}

TEST(OwnAddress, WhatIsOneAlreadyStays) {
  EXPECT_EQ(reachable({"127.0.0.1:8080", "[::1]:8080"}, {"192.168.1.5"}), "127.0.0.1:8080");
  EXPECT_EQ(reachable({"[2001:db8::5]:8080"}, {"192.168.1.5"}), "[2001:db8::5]:8080");
}

TEST(OwnAddress, LoopbackIsNoAddressForOthers) {
  for (const IpAddress& address : own_addresses())
    EXPECT_FALSE(address.is_loopback()) << to_string(address);
}

}  // namespace
}  // namespace m3u_proxy::daemon
