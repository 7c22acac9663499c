#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/objects/open_objects.hpp>
#include <m3u_proxy/objects/s3_store.hpp>

namespace m3u_proxy::objects {
namespace {

using ::testing::HasSubstr;

std::string said(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

/// Against the store that tests/replicas/test_object_store.py starts, which also makes it fail.
class S3StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (said("TEST_S3_ENDPOINT").empty()) GTEST_SKIP() << "tests/replicas starts a store for it";
    auto opened = S3Store::open(options());
    ASSERT_TRUE(opened) << to_string(opened.error());
    store_ = *std::move(opened);
  }
  [[nodiscard]] static S3Store::Options options() {
    return {.endpoint = said("TEST_S3_ENDPOINT"),
            .bucket = said("TEST_S3_BUCKET"),
            .prefix = "unit/",
            .credentials = {.region = "us-east-1",
                            .access_key = said("TEST_S3_ACCESS_KEY"),
                            .secret_key = said("TEST_S3_SECRET_KEY")},
            .first_pause = std::chrono::milliseconds(10)};
  }

  std::unique_ptr<S3Store> store_;
};

TEST_F(S3StoreTest, WhatIsPutCanBeGotListedReplacedAndRemoved) {
  const std::string text(700'000, 'x');
  const auto first = store_->put("sources/A/content", content_of("first"), nullptr);
  ASSERT_TRUE(first) << to_string(first.error());
  const auto put = store_->put("sources/A/content", content_of(text), nullptr);
  ASSERT_TRUE(put) << to_string(put.error());
  ASSERT_TRUE(store_->put("sources/A/manifest", content_of(""), nullptr));
  ASSERT_TRUE(store_->put("logos/b", content_of("b"), nullptr));
  const auto got = get_text(*store_, "sources/A/content", text.size());
  ASSERT_TRUE(got) << to_string(got.error());
  EXPECT_TRUE(*got == text);
  EXPECT_EQ(*get_text(*store_, "sources/A/manifest", 10), "");
  const auto listed = store_->list("sources/");
  ASSERT_TRUE(listed) << to_string(listed.error());
  ASSERT_EQ(listed->size(), 2U);
  EXPECT_EQ(listed->front().key, "sources/A/content");
  EXPECT_EQ(listed->front().bytes, text.size());
  EXPECT_GT(listed->front().written, 1'700'000'000);
  for (const std::string_view key : {"sources/A/content", "sources/A/manifest", "logos/b"})
    EXPECT_TRUE(store_->remove(key));
  EXPECT_TRUE(store_->remove("logos/b"));
  EXPECT_EQ(get_text(*store_, "logos/b", 10).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(store_->list("")->empty());
}

TEST_F(S3StoreTest, AListOfSeveralPagesIsWhole) {
  constexpr std::size_t kObjects = 7;
  std::vector<std::string> put;
  for (std::size_t i = 0; i < kObjects; ++i) {
    put.push_back("pages/" + std::to_string(i));
    ASSERT_TRUE(store_->put(put.back(), content_of("x"), nullptr));
  }
  S3Store::Options small = options();
  for (const unsigned page : {1U, 3U, 7U, 8U}) {
    small.page = page;
    const auto paged = *S3Store::open(small);
    const auto listed = paged->list("pages/");
    ASSERT_TRUE(listed) << page << ": " << to_string(listed.error());
    std::vector<std::string> keys;
    for (const StoredObject& object : *listed) keys.push_back(object.key);
    EXPECT_EQ(keys, put) << page;
  }
  for (const std::string& key : put) EXPECT_TRUE(store_->remove(key));
}

TEST_F(S3StoreTest, WithAnotherKeyItSaysWhatToLookAt) {
  S3Store::Options wrong = options();
  wrong.credentials.secret_key = "another";
  const auto other = *S3Store::open(std::move(wrong));
  const auto done = other->put("a", content_of("x"), nullptr);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kNetwork);
  EXPECT_THAT(done.error().hint, HasSubstr("look at s3_access_key"));
}

TEST_F(S3StoreTest, ABucketThatIsNotThereIsNoMissingObject) {
  S3Store::Options wrong = options();
  wrong.bucket = "no-such-bucket";
  const auto other = *S3Store::open(std::move(wrong));
  const auto done = get_text(*other, "a", 10);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kNetwork);
  EXPECT_THAT(done.error().hint, HasSubstr("make the bucket"));
}

TEST(S3StoreOptions, TheHostIsSignedAsItIsSent) {
  for (const auto& [endpoint, host] :
       {std::pair("https://s3.lan:443", "s3.lan"), std::pair("http://s3.lan:80/", "s3.lan"),
        std::pair("https://s3.lan:80", "s3.lan:80"), std::pair("http://s3.lan:443", "s3.lan:443"),
        std::pair("http://s3.lan:9000", "s3.lan:9000"), std::pair("https://s3.lan", "s3.lan"),
        std::pair("https://[::1]:443", "[::1]"), std::pair("https://[::1]", "[::1]"),
        std::pair("http://[::1]:9000", "[::1]:9000")}) {
    const auto opened =
        S3Store::open({.endpoint = endpoint,
                       .bucket = "b",
                       .prefix = "",
                       .credentials = {.region = "r", .access_key = "k", .secret_key = "s"}});
    ASSERT_TRUE(opened) << endpoint;
    EXPECT_EQ((*opened)->host(), host) << endpoint;
  }
}

TEST(S3StoreOptions, WhatCannotWorkIsRefusedWithTheRemedy) {
  const ObjectsOptions good{.place = "s3://bucket/a/b",
                            .endpoint = "http://127.0.0.1:1",
                            .region = "r",
                            .access_key = "k",
                            .secret_key = "s"};
  EXPECT_EQ((*open_objects(good))->place(), "s3://bucket/a/b");
  for (const std::string place : {"s3://", "s3:///a", "s3://bucket/../a", "s3://b u"}) {
    ObjectsOptions bad = good;
    bad.place = place;
    EXPECT_EQ(open_objects(bad).error().code, ErrorCode::kConfig) << place;
  }
  for (const std::string endpoint : {"ftp://host", "host:9000", "http://host/path"}) {
    ObjectsOptions bad = good;
    bad.endpoint = endpoint;
    EXPECT_EQ(open_objects(bad).error().code, ErrorCode::kConfig) << endpoint;
  }
  ObjectsOptions no_key = good;
  no_key.secret_key.clear();
  EXPECT_THAT(open_objects(no_key).error().hint, HasSubstr("S3_SECRET_KEY"));
}

/// What becomes of a request to a port of this machine where nobody listens.
Error error_with(std::shared_ptr<const net::AddressGuard> guard, int& asked) {
  auto store = S3Store::open({.endpoint = "http://127.0.0.1:1",
                              .bucket = "b",
                              .prefix = "",
                              .credentials = {.region = "r", .access_key = "k", .secret_key = "s"},
                              .tries = 2,
                              .first_pause = std::chrono::milliseconds(1),
                              .guard = [&asked, guard = std::move(guard)] {
                                ++asked;
                                return guard;
                              }});
  EXPECT_TRUE(store);
  const auto done = (*store)->put("a", content_of("x"), nullptr);
  EXPECT_FALSE(done);
  return done ? Error{} : done.error();
}

TEST(S3StoreGuard, ConnectsOnlyWhereTheGuardLetsIt) {
  int asked = 0;
  const Error refused =
      error_with(std::make_shared<const net::AddressGuard>(std::vector<Cidr>()), asked);
  EXPECT_EQ(refused.code, ErrorCode::kInvalidArgument) << to_string(refused);
  EXPECT_THAT(refused.message, HasSubstr("in a private network"));
  EXPECT_THAT(refused.hint, HasSubstr("[service] allowed_networks"));
  EXPECT_EQ(asked, 1);  // to try again would not help
  const auto home = parse_cidr("127.0.0.0/8");
  ASSERT_TRUE(home);
  asked = 0;
  const Error nobody =
      error_with(std::make_shared<const net::AddressGuard>(std::vector<Cidr>{*home}), asked);
  EXPECT_EQ(nobody.code, ErrorCode::kNetwork);
  EXPECT_THAT(nobody.message, HasSubstr("cannot send to 127.0.0.1:1"));
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(error_with(nullptr, asked).code, ErrorCode::kNetwork);
}

}  // namespace
}  // namespace m3u_proxy::objects
