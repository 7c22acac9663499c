#include <string>

#include <gtest/gtest.h>

#include <m3u_proxy/base/uuid.hpp>

namespace m3u_proxy {
namespace {

TEST(Uuid, NamespaceIsTheProjects) {
  EXPECT_EQ(to_string(kUuidNamespace), "c5c5c16f-5662-5ddf-b09b-279718742c62");
}

TEST(Uuid, VectorsOfTheSpecification) {
  const Uuid tv = source_id("tv");
  EXPECT_EQ(to_string(tv), "957bdbb4-37f4-51ee-873b-f148c10969c2");
  EXPECT_EQ(to_string(channel_id(tv, "stream:42")), "cc6cd913-4b2d-55f1-9607-bf9087d9f9ac");
  EXPECT_EQ(to_base64url(channel_id(tv, "stream:42")), "zGzZE0stVfGWB7-Qh9n5rA");
  EXPECT_EQ(to_string(channel_id(tv, "url:/a/b.m3u8?x=1\nName")),
            "d6da75f5-a2f3-5b52-817d-f2f192fcca50");
  EXPECT_EQ(to_string(proxy_id("default")), "ffe79851-b49b-5102-b223-ae79ab42f60d");
}

TEST(Uuid, VersionAndVariantAreThoseOfVersion5) {
  const Uuid uuid = source_id("anything");
  EXPECT_EQ(uuid.bytes[6] >> 4U, 5);
  EXPECT_EQ(uuid.bytes[8] >> 6U, 2);
}

TEST(Uuid, ThreeSpellingsReadAsTheSame) {
  const Uuid expected = channel_id(source_id("tv"), "stream:42");
  EXPECT_EQ(parse_uuid("cc6cd913-4b2d-55f1-9607-bf9087d9f9ac").value(), expected);
  EXPECT_EQ(parse_uuid("CC6CD913-4B2D-55F1-9607-BF9087D9F9AC").value(), expected);
  EXPECT_EQ(parse_uuid("cc6cd9134b2d55f19607bf9087d9f9ac").value(), expected);
  EXPECT_EQ(parse_uuid("zGzZE0stVfGWB7-Qh9n5rA").value(), expected);
}

TEST(Uuid, EverySpellingReadsBack) {
  for (int i = 0; i < 200; ++i) {
    const Uuid uuid = source_id(std::to_string(i));
    EXPECT_EQ(parse_uuid(to_string(uuid)).value(), uuid);
    EXPECT_EQ(to_base64url(uuid).size(), 22U);
    EXPECT_EQ(parse_uuid(to_base64url(uuid)).value(), uuid);
  }
  const Uuid zero{};
  EXPECT_EQ(to_base64url(zero), "AAAAAAAAAAAAAAAAAAAAAA");
  EXPECT_EQ(parse_uuid("AAAAAAAAAAAAAAAAAAAAAA").value(), zero);
}

TEST(Uuid, EverythingElseIsAnError) {
  for (const char* text :
       {"", "x", "cc6cd913-4b2d-55f1-9607-bf9087d9f9a", "cc6cd913-4b2d-55f1-9607-bf9087d9f9acc",
        "cc6cd913_4b2d_55f1_9607_bf9087d9f9ac", "cc6cd9134-b2d-55f1-9607-bf9087d9f9ac",
        "gc6cd9134b2d55f19607bf9087d9f9ac", "cc6cd9134b2d55f19607bf9087d9f9a-",
        "{cc6cd913-4b2d-55f1-9607-bf9087d9f9ac}", " cc6cd9134b2d55f19607bf9087d9f9ac",
        "zGzZE0stVfGWB7+Qh9n5rA", "zGzZE0stVfGWB7-Qh9n5rA==", "zGzZE0stVfGWB7-Qh9n5rB"}) {
    const auto parsed = parse_uuid(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(Uuid, ErrorShowsTheTextAndTheSpellings) {
  const auto parsed = parse_uuid("nonsense");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message, "'nonsense' is not an id");
  EXPECT_NE(parsed.error().hint.find("22 characters"), std::string::npos);
}

}  // namespace
}  // namespace m3u_proxy
