#include <fstream>

#include <gtest/gtest.h>
#include <stdlib.h>

#include <m3u_proxy/api/service/disk_use.hpp>

namespace m3u_proxy::api {
namespace {

class DiskUseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "disk-use-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, std::size_t bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << std::string(bytes, 'x');
  }
  std::filesystem::path folder_;
  DiskUse::Moment now_ = std::chrono::steady_clock::now();
};

constexpr std::uint64_t kFile = std::uint64_t{256} << 10U;
/// What a file system takes for folders and the ends of files.
constexpr std::uint64_t kLittle = std::uint64_t{64} << 10U;

TEST_F(DiskUseTest, CountsAFileWithTwoNamesOnce) {
  write("one", kFile);
  std::filesystem::create_directory(folder_ / "below");
  std::filesystem::create_hard_link(folder_ / "one", folder_ / "below" / "same");
  const auto used = DiskUse(folder_).used(now_);
  ASSERT_TRUE(used);
  EXPECT_GE(*used, kFile);
  EXPECT_LE(*used, kFile + kLittle);
}

TEST_F(DiskUseTest, IsMeasuredAnewAfterAWhile) {
  DiskUse use(folder_);
  const auto before = use.used(now_);
  write("one", kFile);
  EXPECT_EQ(use.used(now_ + DiskUse::kGood - std::chrono::seconds(1)), before);
  EXPECT_GE(use.used(now_ + DiskUse::kGood), *before + kFile);
}

TEST_F(DiskUseTest, AFolderThatIsNotThereHasNoSize) {
  EXPECT_EQ(DiskUse(folder_ / "nowhere").used(now_), std::nullopt);
}

}  // namespace
}  // namespace m3u_proxy::api
