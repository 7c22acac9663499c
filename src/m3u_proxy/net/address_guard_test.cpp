#include <gtest/gtest.h>

#include <m3u_proxy/net/address_guard.hpp>

namespace m3u_proxy::net {
namespace {

TEST(AddressGuard, LetsPublicAddressesThrough) {
  const AddressGuard guard({});
  for (const auto* const text :
       {"1.1.1.1", "172.32.0.1", "192.169.0.1", "100.128.0.1", "223.255.1.1", "2606:4700::1111",
        "::ffff:8.8.8.8", "64:ff9b::808:808"})
    EXPECT_TRUE(guard.allows(parse_ip(text).value())) << text;
}

TEST(AddressGuard, KeepsPrivateAddressesOut) {
  const AddressGuard guard({});
  for (const auto* const text : {"127.0.0.1",
                                 "127.1.2.3",
                                 "0.0.0.0",
                                 "10.0.0.1",
                                 "100.64.0.1",
                                 "169.254.169.254",
                                 "172.16.0.1",
                                 "172.31.255.255",
                                 "192.168.1.1",
                                 "198.18.0.1",
                                 "224.0.0.1",
                                 "255.255.255.255",
                                 "::",
                                 "::1",
                                 "::ffff:127.0.0.1",
                                 "::ffff:192.168.1.1",
                                 "::127.0.0.1",
                                 "fc00::1",
                                 "fd12::1",
                                 "fe80::1",
                                 "ff02::1",
                                 "64:ff9b::7f00:1",
                                 "64:ff9b::a00:1",
                                 "2002:7f00:1::",
                                 "2002:c0a8:101::"})
    EXPECT_FALSE(guard.allows(parse_ip(text).value())) << text;
}

TEST(AddressGuard, WhatIsAllowedByNameIsLetThrough) {
  const AddressGuard guard({parse_cidr("192.168.1.0/24").value(), parse_cidr("::1").value()});
  EXPECT_TRUE(guard.allows(parse_ip("192.168.1.7").value()));
  EXPECT_TRUE(guard.allows(parse_ip("::ffff:192.168.1.7").value()));
  EXPECT_TRUE(guard.allows(parse_ip("::1").value()));
  EXPECT_FALSE(guard.allows(parse_ip("192.168.2.7").value()));
  EXPECT_FALSE(guard.allows(parse_ip("127.0.0.1").value()));
}

}  // namespace
}  // namespace m3u_proxy::net
