#include <gtest/gtest.h>

#include <m3u_proxy/net/content_coding.hpp>

namespace m3u_proxy::net {
namespace {

TEST(ContentCoding, WordsThatAreNoCodingMeanNothing) {
  for (const char* value : {"", "identity", "utf-8", "none", "binary", "aws-chunked", "gzip",
                            "x-gzip, aws-chunked", "zstd", " , ,", "deflated", "br-", "bro"})
    EXPECT_EQ(coding_of(value), ContentCoding::kKnownByBytes) << value;
}

TEST(ContentCoding, DeflateCountsWhereverItStands) {
  for (const char* value : {"deflate", "aws-chunked, deflate", "deflate , gzip", "gzip,deflate,"})
    EXPECT_EQ(coding_of(value), ContentCoding::kDeflate) << value;
}

TEST(ContentCoding, WhatIsNotReadIsKnown) {
  for (const char* value : {"br", "compress", "gzip, br", "br,deflate", "dcz"})
    EXPECT_EQ(coding_of(value), ContentCoding::kUnreadable) << value;
}

TEST(ReadableBody, IsTextOrCompressedByItsFirstBytes) {
  EXPECT_TRUE(is_readable_body("#EXTM3U\n"));
  EXPECT_TRUE(is_readable_body("<?xml"));
  EXPECT_TRUE(is_readable_body("\xFF\xFE<"));
  EXPECT_TRUE(is_readable_body("#EXTINF:-1,\xC9t\xE9")) << "another encoding";
  EXPECT_TRUE(is_readable_body("http://h/\u00E9"));
  EXPECT_TRUE(is_readable_body("http://h/\xC3")) << "a character that is cut";
  EXPECT_TRUE(is_readable_body("\x1F\x8B\x08"));
  EXPECT_TRUE(is_readable_body("PK\x03\x04"));
  EXPECT_FALSE(is_readable_body("\x0B\x02\x80 abc"));
  EXPECT_FALSE(is_readable_body("S\x76\x8D\x08\xF1"));
}

}  // namespace
}  // namespace m3u_proxy::net
