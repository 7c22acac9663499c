#include <gtest/gtest.h>

#include <m3u_proxy/objects/s3_listing.hpp>

namespace m3u_proxy::objects {
namespace {

TEST(S3Listing, GivesKeysBehindThePrefixWithSizeAndTime) {
  const auto listing = parse_s3_listing(
      "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      "<Name>lists</Name><Prefix>test/sources/</Prefix><IsTruncated>true</IsTruncated>"
      "<NextContinuationToken>a&amp;b</NextContinuationToken>"
      "<Contents><Key>test/sources/A/1/content</Key><LastModified>2026-11-28T12:00:00.000Z"
      "</LastModified><Size>12</Size></Contents>"
      "<Contents><Key>test/sources/A/1/manifest</Key><LastModified>2026-11-28T12:00:01Z"
      "</LastModified><Size>3</Size></Contents>"
      "<Contents><Key>other/B</Key><Size>1</Size></Contents>"
      "<Contents><Key>test/what is &lt;this&gt;</Key><Size>1</Size></Contents>"
      "<Contents><Key>test/no-size</Key></Contents></ListBucketResult>",
      "test/");
  ASSERT_TRUE(listing) << to_string(listing.error());
  EXPECT_EQ(listing->next, "a&b");
  ASSERT_EQ(listing->objects.size(), 2U);
  EXPECT_EQ(listing->objects[0].key, "sources/A/1/content");
  EXPECT_EQ(listing->objects[0].bytes, 12U);
  EXPECT_EQ(listing->objects[0].written, 1'795'867'200);
  EXPECT_EQ(listing->objects[1].key, "sources/A/1/manifest");
}

TEST(S3Listing, TheLastPageHasNoNext) {
  const auto listing =
      parse_s3_listing("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>", "");
  ASSERT_TRUE(listing);
  EXPECT_EQ(listing->next, "");
  EXPECT_TRUE(listing->objects.empty());
}

TEST(S3Listing, WhatIsNoListOrBreaksOffIsAnError) {
  for (const std::string_view text : {"", "<html>a page</html>", "<ListBucketResult><Contents>"})
    EXPECT_EQ(parse_s3_listing(text, "").error().code, ErrorCode::kParse) << text;
}

}  // namespace
}  // namespace m3u_proxy::objects
