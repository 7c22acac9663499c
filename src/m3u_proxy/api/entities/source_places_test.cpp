#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include <m3u_proxy/api/entities/source_places.hpp>
#include <m3u_proxy/io/io_testing.hpp>

namespace m3u_proxy::api {
namespace {

class SourcePlacesTest : public testing::Test {
 protected:
  SourcePlacesTest() {
    std::filesystem::create_directory(folder_ / "allowed");
    std::ofstream(folder_ / "allowed" / "tv") << "x";
    std::ofstream(folder_ / "secret") << "x";
    std::filesystem::create_symlink(folder_ / "secret", folder_ / "allowed" / "link");
  }
  [[nodiscard]] bool may(const std::string& location) const {
    return check_place({{.name = (folder_ / "allowed").string()}}, location).has_value();
  }
  [[nodiscard]] std::string path(const std::string& rest) const {
    return (folder_ / rest).string();
  }

  io::TestFolder folder_;
};

TEST_F(SourcePlacesTest, FilesAreBelowTheFolders) {
  for (const std::string& good : {path("allowed/tv"), "file://" + path("allowed/tv"),
                                  path("allowed/not there"), path("allowed/../allowed/tv")})
    EXPECT_TRUE(may(good)) << good;
  for (const std::string& bad :
       {path("secret"), "file://" + path("secret"), "FILE://" + path("secret"),
        "file:" + path("secret"), path("allowed/link"), path("allowed/../secret"),
        "file://" + path("allowed/%2e%2e/secret"), std::string("/etc/passwd"),
        std::string("etc/passwd"), std::string("-"), std::string("ftp://h/x"),
        " " + path("allowed/tv")})
    EXPECT_FALSE(may(bad)) << bad;
}

TEST_F(SourcePlacesTest, AddressesOnTheNetworkAreCheckedElsewhere) {
  for (const std::string good : {"", "http://h/x", "HTTPS://h/x", "xtream://u:p@h?live&vod",
                                 "xtreams://u:p@h", "xtream://nobody"})
    EXPECT_TRUE(may(good)) << good;
}

TEST_F(SourcePlacesTest, AnAccountsPasswordIsNoFileOfOthersAndNoVariable) {
  EXPECT_TRUE(may("xtream://u@h?password_file=" + path("allowed/tv")));
  for (const std::string& bad :
       {"xtream://u@h?password_file=" + path("secret"),
        "xtreams://u@h?live&password_file=" + path("secret") + "&vod",
        "xtream://u@h?password_file=" + path("allowed/link"),
        "xtream://u@h?password_file=" + path("allowed/%2E%2E/secret"),
        "xtream://u:p@h?password_file=" + path("secret"),
        "xtream://u@h?password_file=" + path("allowed/tv") + "&password_file=" + path("secret"),
        std::string("xtream://u@h?password_file=secret"),
        std::string("xtream://u@h?password_env=PATH"),
        std::string("XTREAM://u:p@h?live&password_env=PATH"),
        std::string("xtream://u@h?password_env=PATH ")})
    EXPECT_FALSE(may(bad)) << bad;
}

}  // namespace
}  // namespace m3u_proxy::api
