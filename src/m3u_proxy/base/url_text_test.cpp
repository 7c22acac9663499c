#include <string>

#include <gtest/gtest.h>

#include <m3u_proxy/base/url_text.hpp>

namespace m3u_proxy {
namespace {

TEST(UrlText, KnowsAddressesOfTheWeb) {
  EXPECT_TRUE(is_http_url("http://a/b"));
  EXPECT_TRUE(is_http_url("HTTPS://a"));
  EXPECT_FALSE(is_http_url("ftp://a"));
  EXPECT_FALSE(is_http_url("/http://a"));
  EXPECT_FALSE(is_http_url("http:/a"));
  EXPECT_FALSE(is_http_url(""));
}

TEST(UrlText, EveryByteComesBackFromItsEncoding) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(percent_decoded(percent_encoded(all)), all);
  EXPECT_EQ(percent_encoded("a b/c~ü"), "a%20b%2Fc~%C3%BC");
  EXPECT_EQ(percent_encoded("a/b c", "/"), "a/b%20c");
}

TEST(UrlText, WhatIsNoEncodingStays) {
  EXPECT_EQ(percent_decoded("100%"), "100%");
  EXPECT_EQ(percent_decoded("%4"), "%4");
  EXPECT_EQ(percent_decoded("%zz%4g%41"), "%zz%4gA");
  EXPECT_EQ(percent_decoded("a+b"), "a+b");
}

}  // namespace
}  // namespace m3u_proxy
