#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/sources/xtream_account.hpp>

namespace m3u_proxy::sources {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

XtreamAccount account(std::string_view url) {
  auto parsed = parse_xtream_url(url);
  EXPECT_TRUE(parsed) << url;
  return parsed ? *std::move(parsed) : XtreamAccount{};
}

TEST(XtreamAccount, ReadsTheAddress) {
  const XtreamAccount a = account(
      "xtream://me%40home:s%3Aecret@tv.example:8080/"
      "?live&series&categories=News,Sport%2C%20HD&output=m3u8&episodes=5&delay_ms=250");
  EXPECT_EQ(a.server, "http://tv.example:8080");
  EXPECT_EQ(a.user, "me@home");
  EXPECT_EQ(a.password, "s:ecret");
  EXPECT_TRUE(a.wants(XtreamKind::kLive));
  EXPECT_FALSE(a.wants(XtreamKind::kVod));
  EXPECT_TRUE(a.wants(XtreamKind::kSeries));
  EXPECT_THAT(a.categories, ElementsAre("news", "sport, hd"));
  EXPECT_EQ(a.output, "m3u8");
  EXPECT_EQ(a.episodes, 5U);
  EXPECT_EQ(a.delay.count(), 250);
}

TEST(XtreamAccount, WithoutAChoiceItIsLive) {
  const XtreamAccount a = account("XTREAMS://u:p@h");
  EXPECT_EQ(a.server, "https://h");
  EXPECT_TRUE(a.wants(XtreamKind::kLive));
  EXPECT_FALSE(a.wants(XtreamKind::kVod));
  EXPECT_FALSE(account("xtream://u:p@h?vod").wants(XtreamKind::kLive));
}

TEST(XtreamAccount, APasswordMayHoldWhatAddressesUse) {
  EXPECT_EQ(account("xtream://u:a@b:c@h").password, "a@b:c");
  EXPECT_EQ(account("xtream://u:p@[::1]:80").server, "http://[::1]:80");
}

TEST(XtreamAccount, ThePasswordComesFromAFileOrAVariable) {
  const io::TestFolder folder;
  std::ofstream(folder / "secret") << " pw \n";
  EXPECT_EQ(account("xtream://u@h?password_file=" + (folder / "secret").string()).password, "pw");
  ASSERT_EQ(::setenv("M3U_PROXY_TEST_PASSWORD", "from env", 1), 0);
  EXPECT_EQ(account("xtream://u@h?password_env=M3U_PROXY_TEST_PASSWORD").password, "from env");
  std::ofstream(folder / "two") << "a\nb\n";
  EXPECT_FALSE(parse_xtream_url("xtream://u@h?password_file=" + (folder / "two").string()));
}

TEST(XtreamAccount, APasswordComesFromWhereFilesMayBeReadAlone) {
  const io::TestFolder folder;
  std::filesystem::create_directory(folder / "allowed");
  std::ofstream(folder / "allowed" / "tv") << "pw";
  std::ofstream(folder / "secret") << "secret";
  const io::FolderGuard guard(std::vector<std::filesystem::path>{folder / "allowed"});
  const std::string file = "xtream://u@h?password_file=" + (folder / "allowed/tv").string();
  const auto allowed = parse_xtream_url(file, &guard);
  ASSERT_TRUE(allowed);
  EXPECT_EQ(allowed->password, "pw");
  EXPECT_TRUE(parse_xtream_url("xtream://u:p@h", &guard));
  std::filesystem::remove(folder / "allowed/tv");
  std::filesystem::create_symlink(folder / "secret", folder / "allowed/tv");
  ASSERT_EQ(::setenv("M3U_PROXY_TEST_PASSWORD", "from env", 1), 0);
  for (const std::string& place :
       {file, "xtream://u@h?password_file=" + (folder / "secret").string(),
        std::string("xtream://u@h?password_env=M3U_PROXY_TEST_PASSWORD")}) {
    const auto refused = parse_xtream_url(place, &guard);
    ASSERT_FALSE(refused) << place;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument) << place;
  }
}

TEST(XtreamAccount, WhereThePasswordIsCanBeReadWithoutLookingThere) {
  const auto file = read_xtream_url("xtream://u@h?password_file=%2Fnowhere%2Fa&live");
  ASSERT_TRUE(file) << to_string(file.error());
  EXPECT_EQ(file->password_file, "/nowhere/a");
  EXPECT_EQ(file->password_env, std::nullopt);
  const auto variable = read_xtream_url("xtream://u@h?password_env=M3U_PROXY_NOT_SET");
  ASSERT_TRUE(variable) << to_string(variable.error());
  EXPECT_EQ(variable->password_env, "M3U_PROXY_NOT_SET");
  EXPECT_EQ(variable->password, "");
}

TEST(XtreamAccount, ErrorsNameTheRemedyAndNoSecret) {
  for (const char* url : {"xtream://h", "xtream://:pw-x@h", "xtream://u-x:pw-x@", "xtream://u-x@h",
                          "xtream://u-x:pw-x@h?lvie", "xtream://u-x:pw-x@h?episodes=many",
                          "xtream://u-x:pw-x@h?output=flv", "xtream://u-x:pw-x@a b",
                          "xtream://u-x@h?password_env=M3U_PROXY_NOT_SET"}) {
    const auto parsed = parse_xtream_url(url);
    ASSERT_FALSE(parsed) << url;
    EXPECT_THAT(to_string(parsed.error()), Not(HasSubstr("-x"))) << url;
    EXPECT_NE(parsed.error().hint, "") << url;
  }
}

TEST(XtreamAccount, MakesTheAddressesOfTheApi) {
  const XtreamAccount a = account("xtream://me:s%20e%2F1@h:80");
  EXPECT_EQ(a.api_url(""), "http://h:80/player_api.php?username=me&password=s%20e%2F1");
  EXPECT_EQ(a.api_url("get_series_info", "&series_id=7"),
            "http://h:80/player_api.php?username=me&password=s%20e%2F1&action=get_series_info"
            "&series_id=7");
  EXPECT_EQ(a.guide_url(), "http://h:80/xmltv.php?username=me&password=s%20e%2F1");
  EXPECT_EQ(a.stream_url(XtreamKind::kLive, "5", "ts"), "http://h:80/live/me/s%20e%2F1/5.ts");
  EXPECT_EQ(a.stream_url(XtreamKind::kVod, "5", "mkv"), "http://h:80/movie/me/s%20e%2F1/5.mkv");
  EXPECT_EQ(a.stream_url(XtreamKind::kSeries, "5", "mp4"), "http://h:80/series/me/s%20e%2F1/5.mp4");
  for (const std::string& url : {a.api_url(""), a.guide_url()})
    EXPECT_THAT(redact_url(url), Not(HasSubstr("s%20e")));
}

}  // namespace
}  // namespace m3u_proxy::sources
