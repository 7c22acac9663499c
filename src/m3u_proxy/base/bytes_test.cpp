#include <gtest/gtest.h>

#include <m3u_proxy/base/bytes.hpp>

namespace m3u_proxy {
namespace {

TEST(ParseSize, ANumberAloneIsMegabytes) {
  EXPECT_EQ(parse_size("512").value(), mib(512));
  EXPECT_EQ(parse_size("0").value(), Bytes{0});
}

TEST(ParseSize, UnitsArePowersOf1024InEitherSpellingAndAnyCase) {
  EXPECT_EQ(parse_size("64MB").value(), mib(64));
  EXPECT_EQ(parse_size("64MiB").value(), mib(64));
  EXPECT_EQ(parse_size("64 mb").value(), mib(64));
  EXPECT_EQ(parse_size("64m").value(), mib(64));
  EXPECT_EQ(parse_size("1.5GB").value(), mib(1536));
  EXPECT_EQ(parse_size("2gib").value(), mib(2048));
  EXPECT_EQ(parse_size("100B").value(), Bytes{100});
  EXPECT_EQ(parse_size("16KB").value(), kib(16));
  EXPECT_EQ(parse_size("1T").value(), mib(1048576));
  EXPECT_EQ(parse_size("  8 MB  ").value(), mib(8));
}

TEST(ParseSize, WhatIsNoSizeIsRefused) {
  for (const char* text : {"", "MB", "-1", "-1MB", "64XB", "64 M B", "1e30GB", "nan", "inf",
                           "infMB", "64MB!", "10000000TB", "0x10"}) {
    const auto size = parse_size(text);
    ASSERT_FALSE(size) << text;
    EXPECT_EQ(size.error().code, ErrorCode::kInvalidArgument) << text;
  }
}

TEST(ParseSize, ErrorNamesTheTextAndTheForm) {
  const auto size = parse_size("plenty");
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().message, "'plenty' is not a size");
  EXPECT_NE(size.error().hint.find("64MB"), std::string::npos);
}

TEST(Bytes, Arithmetic) {
  EXPECT_EQ(mib(1) + kib(1), Bytes{1049600});
  EXPECT_EQ(mib(1) - kib(1), Bytes{1047552});
  EXPECT_EQ(kib(4) * 3, kib(12));
  EXPECT_EQ(kib(12) / 3, kib(4));
  EXPECT_LT(kib(1023), mib(1));
  EXPECT_DOUBLE_EQ(kib(1536).mb(), 1.5);
}

}  // namespace
}  // namespace m3u_proxy
