#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>

#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/io/folder_guard.hpp>
#include <m3u_proxy/io/io_testing.hpp>

namespace m3u_proxy::io {
namespace {

namespace fs = std::filesystem;

class FolderGuardTest : public testing::Test {
 protected:
  FolderGuardTest() {
    for (const char* const name : {"allowed", "allowed2"}) fs::create_directory(folder_ / name);
    for (const char* const name : {"allowed/tv", "allowed2/tv", "secret"})
      std::ofstream(folder_ / name) << "x";
    fs::create_symlink(folder_ / "secret", folder_ / "allowed" / "link");
  }
  [[nodiscard]] std::string path(const std::string& rest) const {
    return (folder_ / rest).string();
  }

  TestFolder folder_;
  FolderGuard guard_{std::vector<fs::path>{folder_ / "allowed"}};
};

TEST_F(FolderGuardTest, FollowsLinksAndTakesFoldersAsAWhole) {
  for (const std::string& good :
       {path("allowed/tv"), path("allowed/none"), path("allowed/../allowed/tv")})
    EXPECT_TRUE(guard_.check(good)) << good;
  for (const std::string& bad :
       {path("secret"), path("allowed/link"), path("allowed/../secret"), path("allowed2/tv"),
        std::string("tv"), std::string(), path("allowed/tv") + std::string(1, '\0')})
    EXPECT_FALSE(guard_.check(bad)) << bad;
  EXPECT_FALSE(FolderGuard(std::vector<fs::path>()).check(path("allowed/tv")));
}

TEST_F(FolderGuardTest, WhatWasOpenedCountsNotHowItWasCalled) {
  const Descriptor tv(::open(path("allowed/tv").c_str(), O_RDONLY | O_CLOEXEC));
  const Descriptor secret(::open(path("allowed/link").c_str(), O_RDONLY | O_CLOEXEC));
  fs::remove(folder_ / "allowed/link");
  fs::copy_file(folder_ / "allowed/tv", folder_ / "allowed/link");
  EXPECT_TRUE(guard_.check_opened(tv.get(), path("secret")));
  ASSERT_TRUE(guard_.check(path("allowed/link")));
  const auto checked = guard_.check_opened(secret.get(), path("allowed/link"));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(guard_.check_opened(-1, path("allowed/tv")));
}

TEST_F(FolderGuardTest, AFileThatWasReplacedSinceItWasOpenedIsFine) {
  const Descriptor tv(::open(path("allowed/tv").c_str(), O_RDONLY | O_CLOEXEC));
  fs::remove(folder_ / "allowed/tv");
  EXPECT_TRUE(guard_.check_opened(tv.get(), path("allowed/tv")));
}

TEST_F(FolderGuardTest, OpeningAFileAsksIt) {
  EXPECT_TRUE(open_file(path("allowed/tv"), nullptr, &guard_));
  const auto refused = open_file(path("allowed/link"), nullptr, &guard_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "the file '" + path("allowed/link") + "' is in none of the folders that may be read");
  EXPECT_EQ(refused.error().hint,
            "who runs the service names them in [service] allowed_folders; or upload the file");
}

}  // namespace
}  // namespace m3u_proxy::io
