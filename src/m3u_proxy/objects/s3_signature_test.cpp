#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/objects/s3_signature.hpp>

namespace m3u_proxy::objects {
namespace {

using ::testing::Contains;
using ::testing::EndsWith;

constexpr std::string_view kOfNothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::int64_t kMoment = 1'369'353'600;  // 2013-05-24T00:00:00Z

/// Those of Amazon's examples ("Authenticating Requests: Using the Authorization Header").
const S3Credentials kExample{.region = "us-east-1",
                             .access_key = "AKIAIOSFODNN7EXAMPLE",
                             .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};

TEST(S3Signature, IsThatOfAmazonsExampleOfGettingAnObject) {
  const auto lines = s3_signed_headers({.method = "GET",
                                        .host = "examplebucket.s3.amazonaws.com",
                                        .path = "/test.txt",
                                        .headers = {{"range", "bytes=0-9"}},
                                        .payload_hash = std::string(kOfNothing)},
                                       kExample, kMoment);
  ASSERT_TRUE(lines) << to_string(lines.error());
  EXPECT_THAT(*lines, Contains("range: bytes=0-9"));
  EXPECT_THAT(*lines, Contains("x-amz-date: 20130524T000000Z"));
  EXPECT_EQ(lines->back(),
            "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
            "aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(S3Signature, IsThatOfAmazonsExampleOfListing) {
  const auto lines = s3_signed_headers({.method = "GET",
                                        .host = "examplebucket.s3.amazonaws.com",
                                        .path = "/",
                                        .query = {{"prefix", "J"}, {"max-keys", "2"}},
                                        .payload_hash = std::string(kOfNothing)},
                                       kExample, kMoment);
  ASSERT_TRUE(lines) << to_string(lines.error());
  EXPECT_THAT(
      lines->back(),
      EndsWith("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST(S3Signature, QueryIsSortedAndEncoded) {
  EXPECT_EQ(s3_query({{"prefix", "a/b c"}, {"list-type", "2"}, {"empty", ""}}),
            "empty=&list-type=2&prefix=a%2Fb%20c");
  EXPECT_EQ(s3_encoded("a/b~c+d", "/"), "a/b~c%2Bd");
}

TEST(S3Signature, HashOfABodyIsThatOfItsBytes) {
  const auto nothing = sha256_of(content_of(""), nullptr);
  ASSERT_TRUE(nothing) << to_string(nothing.error());
  EXPECT_EQ(*nothing, kOfNothing);
  // FIPS 180-2, B.1
  EXPECT_EQ(*sha256_of(content_of("abc"), nullptr),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CancelToken cancelled;
  cancelled.cancel();
  EXPECT_EQ(sha256_of(content_of("abc"), &cancelled).error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace m3u_proxy::objects
