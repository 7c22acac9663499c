#include <gtest/gtest.h>

#include <m3u_proxy/base/ip_address.hpp>

namespace m3u_proxy {
namespace {

TEST(IpAddress, IsReadAndWritten) {
  EXPECT_EQ(to_string(*parse_ip("192.168.1.5")), "192.168.1.5");
  EXPECT_EQ(to_string(*parse_ip("[2001:DB8:0:0::1]")), "2001:db8::1");
  EXPECT_EQ(parse_ip("::ffff:1.2.3.4"), parse_ip("1.2.3.4"));
  EXPECT_TRUE(parse_ip("127.9.9.9")->is_loopback());
  EXPECT_TRUE(parse_ip("::1")->is_loopback());
  EXPECT_FALSE(parse_ip("::2")->is_loopback());
  for (const char* wrong : {"", "1.2.3", "1.2.3.4:80", "01.2.3.4", "a", "::g", "[::1"})
    EXPECT_FALSE(parse_ip(wrong)) << wrong;
}

TEST(Cidr, ContainsItsAddresses) {
  const auto in = [](const char* range, const char* address) {
    return parse_cidr(range)->contains(*parse_ip(address));
  };
  EXPECT_TRUE(in("10.0.0.0/8", "10.255.1.2"));
  EXPECT_FALSE(in("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(in("192.168.4.0/22", "192.168.7.255"));
  EXPECT_FALSE(in("192.168.4.0/22", "192.168.8.0"));
  EXPECT_TRUE(in("0.0.0.0/0", "8.8.8.8"));
  EXPECT_FALSE(in("0.0.0.0/0", "::1"));
  EXPECT_TRUE(in("::/0", "8.8.8.8"));
  EXPECT_TRUE(in("fd00::/7", "fcff::1"));
  EXPECT_TRUE(in("127.0.0.1", "127.0.0.1"));
  EXPECT_FALSE(in("127.0.0.1", "127.0.0.2"));
  for (const char* wrong :
       {"10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "x/8"})
    EXPECT_FALSE(parse_cidr(wrong)) << wrong;
}

}  // namespace
}  // namespace m3u_proxy
