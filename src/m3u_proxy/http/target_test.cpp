#include <gtest/gtest.h>

#include <m3u_proxy/base/url_text.hpp>
#include <m3u_proxy/http/target.hpp>

namespace m3u_proxy::http {
namespace {

TEST(Target, IsTakenApart) {
  const auto target = split_target("/a/b%20c?x=1&y=%2F");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/a/b%20c");
  EXPECT_EQ(target->query, "x=1&y=%2F");
  EXPECT_EQ(split_target("http://tv.example.org:80/a?b")->authority, "tv.example.org:80");
  EXPECT_EQ(split_target("http://tv.example.org:80/a?b")->path, "/a");
  EXPECT_EQ(split_target("HTTPS://tv")->path, "/");
  EXPECT_EQ(split_target("*")->path, "*");
  EXPECT_EQ(split_target("/a#fragment?x")->path, "/a");
}

TEST(Target, NothingClimbsOutOfAFolder) {
  for (const char* target :
       {"/..",       "/../a",     "/a/..",   "/a/../b",     "/a/./b",         "/.",
        "/%2e%2e/a", "/%2E./a",   "/a/.%2e", "/a%2F..%2Fb", "/..%2f..%2fetc", "/%2e%2e%2fa",
        "/a%00b",    "/a%0d%0aX", "/a%7fb",  "/a%",         "/a%4",           "/a%zz",
        "a",         "",          "http://", "/%ff",        "/%c0%ae%c0%ae"})
    EXPECT_FALSE(split_target(target)) << target;
  for (const char* target :
       {"/...", "/..a", "/a..", "/.well-known/x", "/a%2Fb", "/%25", "//", "/ä"})
    EXPECT_TRUE(split_target(target)) << target;
}

TEST(Target, ValuesOfAQueryAreDecoded) {
  EXPECT_EQ(query_value("a=1&b=x+y%21&c", "b"), "x y!");
  EXPECT_EQ(query_value("a=1&b=x+y%21&c", "c"), "");
  EXPECT_EQ(query_value("a=1&a=2", "a"), "1");
  EXPECT_EQ(query_value("a%62=1", "ab"), "1");
  EXPECT_EQ(query_value("a=%4", "a"), std::nullopt);
  EXPECT_EQ(query_value("a=1", "b"), std::nullopt);
  EXPECT_EQ(query_value("", ""), std::nullopt);
}

TEST(Target, EncodingIsReversible) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  const std::string encoded = percent_encoded(all);
  EXPECT_EQ(percent_decoded(encoded, Plus::kIsPlus), all);
  EXPECT_EQ(percent_decoded(encoded, Plus::kIsSpace), all);
}

}  // namespace
}  // namespace m3u_proxy::http
