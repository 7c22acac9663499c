#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <m3u_proxy/formats/m3u_reader.hpp>

namespace m3u_proxy::formats {
namespace {

std::string channel_key(std::string_view url, std::string_view name) {
  std::string space = "of an earlier channel";
  return std::string(formats::channel_key(url, name, space));
}

TEST(ChannelKey, XtreamUrlsUseTheStreamId) {
  EXPECT_EQ(channel_key("http://h:80/live/u/p/42.ts", "N"), "stream:42");
  EXPECT_EQ(channel_key("http://h/u/p/42", "N"), "stream:42");
  EXPECT_EQ(channel_key("https://h/movie/u/p/7.mkv?token=1", "N"), "stream:7");
  EXPECT_EQ(channel_key("https://h/series/u/p/7.mkv", "N"), "stream:7");
}

TEST(ChannelKey, AnXtreamUrlWithoutItsKindNeedsTheLookOfAnAccount) {
  EXPECT_EQ(channel_key("http://h/zkby2013/1d469e6d9e42/67585", "N"), "stream:67585");
  EXPECT_EQ(channel_key("http://h/u/p/42.ts", "N"), "stream:42");
  EXPECT_EQ(channel_key("http://h/u/p/42.M3U8", "N"), "stream:42");
  EXPECT_EQ(channel_key("http://h/u/p/1080", "N"), "stream:1080");
  // Path words, picture heights, a part that is repeated, what is no stream, too long a number.
  EXPECT_EQ(channel_key("http://h/hls/news/1080.m3u8", "N"), "url:/hls/news/1080.m3u8\nN");
  EXPECT_EQ(channel_key("http://h/HLS/one/7.m3u8", "N"), "url:/HLS/one/7.m3u8\nN");
  EXPECT_EQ(channel_key("http://h/eu/stream/7", "N"), "url:/eu/stream/7\nN");
  EXPECT_EQ(channel_key("http://h/eu/one/1080.m3u8", "N"), "url:/eu/one/1080.m3u8\nN");
  EXPECT_EQ(channel_key("http://h/eu/1501/1501.m3u8", "N"), "url:/eu/1501/1501.m3u8\nN");
  EXPECT_EQ(channel_key("http://h/eu/one/1.php", "N"), "url:/eu/one/1.php\nN");
  EXPECT_EQ(channel_key("http://h/eu/one/04922979439.ts", "N"), "url:/eu/one/04922979439.ts\nN");
  // With the kind there is no doubt.
  EXPECT_EQ(channel_key("http://h/live/tv/hd/1080.m3u8", "N"), "stream:1080");
}

TEST(ChannelKey, OtherUrlsUsePathAndQueryWithoutTokensAndName) {
  EXPECT_EQ(channel_key("http://h/a/b.m3u8?x=1", "Name"), "url:/a/b.m3u8?x=1\nName");
  EXPECT_EQ(channel_key("http://h/a?token=s&x=1&EXPIRES=9&sig=z", "N"), "url:/a?x=1\nN");
  EXPECT_EQ(channel_key("http://h/a?st=1&e=2", "N"), "url:/a\nN");
  EXPECT_EQ(channel_key("http://h/a/b/c42.ts", "N"), "url:/a/b/c42.ts\nN");
  EXPECT_EQ(channel_key("a/b.ts", "N"), "url:a/b.ts\nN");
}

TEST(ChannelKey, TokensAreKnownByTheNameOfTheirParameter) {
  for (const char* name : {"token",
                           "sig",
                           "signature",
                           "expires",
                           "expiry",
                           "exp",
                           "auth",
                           "key",
                           "hash",
                           "hmac",
                           "jwt",
                           "md5",
                           "hdnea",
                           "hdnts",
                           "access_token",
                           "playlist_token",
                           "secret",
                           "deviceId",
                           "nimblesessionid",
                           "jsessionid",
                           "SessionId",
                           "Policy",
                           "Key-Pair-Id",
                           "X-Amz-Signature",
                           "x-amz-date",
                           "e",
                           "st",
                           "amp;token"}) {
    const std::string parameter = std::string(name) + "=Zz-9";
    EXPECT_EQ(channel_key("http://h/a?" + parameter, "N"), "url:/a\nN") << name;
    EXPECT_EQ(channel_key("http://h/a?x=1&" + parameter + "&y=2", "N"), "url:/a?x=1&y=2\nN")
        << name;
  }
  EXPECT_EQ(channel_key("http://h/a?sid=7&tokens=1&est=2&xexp=3", "N"),
            "url:/a?sid=7&tokens=1&est=2&xexp=3\nN");
}

TEST(ChannelKey, TokensAreKnownByTheirLook) {
  for (const char* token :
       {"eyJhbGciOi.eyJzdWIi.SflKx-w_", "exp=1700000000~acl=/*~hmac=0a1b", "st=1~exp=2~hmac=3",
        "0123456789abcdef01234567", "0123456789ABCDEF0123456789abcdef", "000000000000000000000000",
        "aB3aB3aB3aB3aB3aB3aB3aB3", "Ab-_0Ab-_0Ab-_0Ab-_0Ab-_", "aB3aB3aB3aB3aB3aB3aB3aB3%3D"}) {
    EXPECT_EQ(channel_key(std::string("http://h/a?z=") + token, "N"), "url:/a\nN") << token;
    EXPECT_EQ(channel_key(std::string("http://h/a?") + token, "N"), "url:/a\nN") << token;
    EXPECT_EQ(channel_key(std::string("http://h/a/") + token + "/b.m3u8", "N"), "url:/a/b.m3u8\nN")
        << token;
    EXPECT_EQ(channel_key(std::string("http://h/") + token, "N"), "url:\nN") << token;
  }
}

TEST(ChannelKey, SignedListsMayBePercentEncoded) {
  for (const char* token : {"exp%3D1~acl%3D%2F%2A~hmac%3Dab", "st%3d1%7eexp%3d2%7ehmac%3d3"})
    EXPECT_EQ(channel_key(std::string("http://h/a?z=") + token, "N"), "url:/a\nN") << token;
}

TEST(ChannelKey, WhatOnlyComesNearATokenStays) {
  for (const char* slug : {"bbc-one-hd-1080p-stream", "bbc-one-hd-1080p-stream-of-the-north",
                           "0123456789abcdef0123456", "aB3aB3aB3aB3aB3aB3aB3aB",
                           "957bdbb4-37f4-51ee-873b-f148c10969c2", "eyJhbGciOi.eyJzdWIi",
                           "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "TheChannelWithoutAnyNumbers",
                           "aB3aB3aB3aB3aB3aB3aB3aB3.m3u8", "exp=1", "hmac%3D1~exp%3D2"}) {
    const std::string url = std::string("/a/") + slug + "/b";
    EXPECT_EQ(channel_key("http://h" + url, "N"), "url:" + url + "\nN") << slug;
  }
}

TEST(ChannelKey, PathParametersAndSignedListsWithSlashes) {
  EXPECT_EQ(channel_key("http://h/a.m3u8;jsessionid=1?x=2", "N"), "url:/a.m3u8?x=2\nN");
  EXPECT_EQ(channel_key("http://h/a;v=1;token=x;w=2/b", "N"), "url:/a;v=1;w=2/b\nN");
  EXPECT_EQ(channel_key("http://h/hdnts=exp=1~acl=/live/*~hmac=ab/c.m3u8", "N"), "url:/c.m3u8\nN");
}

TEST(ChannelKey, ShortSegmentsStayAndTheLengthOfATokenCounts) {
  const std::string hex = "0123456789abcdef0123456";  // 23 digits
  for (const std::string& path :
       std::vector<std::string>{hex, "a/" + hex + "/b.ts", "a//b///c/", hex + "/eYJ"})
    EXPECT_EQ(channel_key("http://h/" + path, "N"), "url:/" + path + "\nN") << path;
  EXPECT_EQ(channel_key("http://h/a/" + hex + "7/b", "N"), "url:/a/b\nN");
  EXPECT_EQ(channel_key("http://h/a/b/" + hex + "7", "N"), "url:/a/b\nN");
  EXPECT_EQ(channel_key("http://h/a/eyJh.b.c/d", "N"), "url:/a/d\nN");
  EXPECT_EQ(channel_key(hex + "7/a", "N"), "url:/a\nN");
  EXPECT_EQ(channel_key("http://h#a/b", "N"), "url:#a/b\nN");
}

/// A segment with a parameter is looked at with more care; it must not make a difference.
TEST(ChannelKey, ASegmentIsJudgedTheSameBesideAnyOther) {
  std::minstd_rand random(1);
  constexpr std::string_view kLetters = "aB3/f0.-_eyJ/";
  for (int i = 0; i < 20'000; ++i) {
    std::string path = "/";
    for (std::size_t size = random() % 60; path.size() < size;)
      path += kLetters[random() % kLetters.size()];
    EXPECT_EQ(channel_key("http://h/;v=1" + path + "x", "N"),
              "url:/;v=1" + channel_key("http://h" + path + "x", "N").substr(4))
        << path;
  }
}

TEST(ChannelKey, ALoneQuestionMarkGoes) {
  EXPECT_EQ(channel_key("http://h/a?", "N"), "url:/a\nN");
  EXPECT_EQ(channel_key("http://h/a?&", "N"), channel_key("http://h/a?&token=1", "N"));
  EXPECT_EQ(channel_key("http://h?token=1", "N"), "url:\nN");
}

TEST(ChannelKey, TheVariantKeepsSegmentsAndLeavesOutNamedTokensOnly) {
  const std::string url = "http://h/aB3aB3aB3aB3aB3aB3aB3aB3/b?token=1&z=0123456789abcdef01234567";
  EXPECT_EQ(channel_key(url, "N"), "url:/b\nN");
  EXPECT_EQ(channel_variant_key(url, "N"),
            "url:/aB3aB3aB3aB3aB3aB3aB3aB3/b?z=0123456789abcdef01234567\nN");
  EXPECT_EQ(channel_variant_key("http://h/live/u/p/42.ts", "N", 3), "url:/live/u/p/42.ts\nN\n3");
}

TEST(ChannelKey, AnIdDoesNotChange) {
  const Uuid tv = source_id("tv");
  EXPECT_EQ(to_string(channel_id(tv, channel_key("http://h/live/u/p/42.ts", "N"))),
            "cc6cd913-4b2d-55f1-9607-bf9087d9f9ac");
  EXPECT_EQ(to_string(channel_id(tv, channel_key("http://h/a/b.m3u8?x=1", "Name"))),
            "d6da75f5-a2f3-5b52-817d-f2f192fcca50");
}

}  // namespace
}  // namespace m3u_proxy::formats
