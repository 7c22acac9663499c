#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/snapshots/guide_channel_file.hpp>

namespace m3u_proxy::snapshots {
namespace {

using ::testing::ElementsAre;

class GuideChannelFileTest : public ::testing::Test {
 protected:
  void write(std::size_t channels) {
    auto file = io::AtomicFile::create(path_);
    ASSERT_TRUE(file);
    GuideChannelWriter writer(**file, budget_);
    std::vector<std::uint32_t> counts;
    for (std::size_t i = 0; i < channels; ++i) {
      const std::string number = std::to_string(i);
      const std::vector<std::string> names = {"Kanal  " + number, "ÄRTE_" + number};
      ASSERT_TRUE(writer.on_channel("Id" + number + ".TV", names));
      counts.push_back(static_cast<std::uint32_t>(i * 3));
    }
    ASSERT_TRUE(writer.on_channel("bare", {}));
    counts.push_back(1);
    ASSERT_TRUE(writer.on_programmes(counts));
    ASSERT_TRUE((*file)->publish());
  }

  Result<std::shared_ptr<const GuideChannelFile>> open() {
    return GuideChannelFile::open(io::Descriptor(::open(path_.c_str(), O_RDONLY)), "guide",
                                  budget_);
  }

  memory::Budget budget_{Bytes{8U << 20U}};
  io::TestFolder folder_;
  std::filesystem::path path_ = folder_ / "guide";
};

TEST_F(GuideChannelFileTest, ChannelsComeBackInTheirOrderWithWhatTheyAreFoundBy) {
  write(3);
  const auto file = open();
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->size(), 4);
  std::vector<std::string> seen;
  ASSERT_TRUE((*file)->for_each([&](const GuideChannelView& view) {
    seen.push_back(std::string(view.id) + "|" + std::string(view.names) + "|" +
                   std::string(view.folded_id) + "|" + std::string(view.folded_names) + "|" +
                   std::string(view.name_keys) + "|" + std::to_string(view.programmes));
    return seen.size() < 2 || view.id == "Id2.TV";
  }));
  EXPECT_THAT(seen,
              ElementsAre("Id0.TV|Kanal  0\nÄRTE_0|id0.tv|kanal  0\närte_0|kanal_0\närte_0|0",
                          "Id1.TV|Kanal  1\nÄRTE_1|id1.tv|kanal  1\närte_1|kanal_1\närte_1|3"));
}

TEST_F(GuideChannelFileTest, ManyBlocksAreOneList) {
  write(20'000);
  const auto file = open();
  ASSERT_TRUE(file);
  std::uint64_t channels = 0;
  std::uint64_t programmes = 0;
  ASSERT_TRUE((*file)->for_each([&](const GuideChannelView& view) {
    ++channels;
    programmes += view.programmes;
    return true;
  }));
  EXPECT_EQ(channels, 20'001);
  EXPECT_EQ(programmes, 3 * 19'999 * 20'000 / 2 + 1);
}

TEST_F(GuideChannelFileTest, WhatIsDamagedIsSaidToBe) {
  write(10);
  std::filesystem::resize_file(path_, 100);
  const auto file = open();
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::kParse);
}

}  // namespace
}  // namespace m3u_proxy::snapshots
