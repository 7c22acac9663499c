#include <gtest/gtest.h>

#include <m3u_proxy/net/url.hpp>

namespace m3u_proxy::net {
namespace {

TEST(Url, KnowsWhatIsAnAddress) {
  EXPECT_TRUE(has_scheme("ftp://a"));
  EXPECT_FALSE(has_scheme("C:\\a"));
  EXPECT_FALSE(has_scheme("/a://b"));
  EXPECT_FALSE(has_scheme("://b"));
}

TEST(FileUrl, NamesAPath) {
  EXPECT_EQ(path_of_file_url("file:///a/b%20c.m3u"), "/a/b c.m3u");
  EXPECT_EQ(path_of_file_url("FILE://localhost/a"), "/a");
  EXPECT_EQ(path_of_file_url("file:/a"), "/a");
  EXPECT_EQ(path_of_file_url("file:///100%"), "/100%");
  EXPECT_EQ(path_of_file_url("file:///a%zz"), "/a%zz");
}

TEST(FileUrl, OfAnotherMachineOrWithoutAPathIsRefused) {
  for (const char* url : {"file://server/share/a", "file:a", "file://", "file:///a%00b"}) {
    const auto path = path_of_file_url(url);
    ASSERT_FALSE(path) << url;
    EXPECT_EQ(path.error().code, ErrorCode::kInvalidArgument) << url;
  }
}

TEST(Origin, IsSchemeHostPortAndUser) {
  const auto origin = origin_of("https://me:se%40cret@Example.ORG:8443/list?a=b@c");
  ASSERT_TRUE(origin);
  EXPECT_TRUE(origin->https);
  EXPECT_EQ(origin->host, "example.org");
  EXPECT_EQ(origin->port, 8443U);
  EXPECT_EQ(origin->user_info, "me:se%40cret");
  EXPECT_EQ(origin_of("http://a?x")->host, "a");
  EXPECT_EQ(origin_of("http://a")->port, 80U);
  EXPECT_EQ(origin_of("https://a/")->port, 443U);
  EXPECT_EQ(origin_of("http://[::1]:81/")->host, "[::1]");
  EXPECT_EQ(origin_of("http://[::1]:81/")->port, 81U);
  EXPECT_EQ(origin_of("http://[::1]/")->port, 80U);
}

TEST(Origin, NeedsAHost) {
  EXPECT_FALSE(origin_of("http:///a"));
  EXPECT_FALSE(origin_of("list.m3u"));
  EXPECT_EQ(origin_of("http://").error().hint, "write it as https://host/path");
}

TEST(Credentials, StayWithTheirHost) {
  const Origin from = *origin_of("http://a:80/x");
  EXPECT_TRUE(shares_credentials(from, *origin_of("http://A/y")));
  EXPECT_TRUE(shares_credentials(from, *origin_of("https://a/y")));
  EXPECT_FALSE(shares_credentials(from, *origin_of("http://b/x")));
  EXPECT_FALSE(shares_credentials(from, *origin_of("http://a:81/x")));
  EXPECT_FALSE(shares_credentials(from, *origin_of("http://a.b/x")));
  EXPECT_FALSE(shares_credentials(*origin_of("https://a/x"), *origin_of("http://a/x")));
  EXPECT_FALSE(shares_credentials(*origin_of("http://a:81/x"), *origin_of("https://a/x")));
}

TEST(Url, UserInfoIsPutBeforeTheHost) {
  EXPECT_EQ(with_user_info("http://a/b", "me:x"), "http://me:x@a/b");
}

TEST(Url, PastedBlanksAreEncoded) {
  EXPECT_EQ(without_blanks(" http://a/my list.m3u\n"), "http://a/my%20list.m3u");
}

TEST(Headers, OnlyThoseThatTellNothingGoToAnotherHost) {
  EXPECT_TRUE(is_harmless_header("Referer"));
  EXPECT_FALSE(is_harmless_header("Authorization"));
  EXPECT_FALSE(is_harmless_header("Cookie"));
  EXPECT_FALSE(is_harmless_header("X-Token"));
}

}  // namespace
}  // namespace m3u_proxy::net
