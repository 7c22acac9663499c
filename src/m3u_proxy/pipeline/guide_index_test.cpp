#include <memory_resource>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <m3u_proxy/pipeline/guide_index.hpp>

namespace m3u_proxy::pipeline {
namespace {

TEST(KeyTable, FindsWhatWasPutThroughEveryGrowth) {
  KeyTable table(std::pmr::new_delete_resource());
  const auto key = [](std::uint32_t i) { return catalog::key_of(fmt::format("key {}", i)); };
  EXPECT_EQ(table.find(key(0)), KeyTable::kNone);
  for (std::uint32_t i = 0; i < 10000; ++i) {
    EXPECT_EQ(table.at(key(i)), KeyTable::kNone);
    table.at(key(i)) = i;
  }
  for (std::uint32_t i = 0; i < 10000; ++i) ASSERT_EQ(table.find(key(i)), i);
  EXPECT_EQ(table.find(key(10000)), KeyTable::kNone);
  table.clear();
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.find(key(5)), KeyTable::kNone);
}

TEST(GuideIndex, TakesFewBytesAChannel) {
  memory::Budget budget;
  GuideIndex index(budget, GuideMatch::kId, TvgShift::kEmit);
  constexpr std::size_t kChannels = 100000;
  for (std::size_t i = 0; i < kChannels; ++i) {
    const std::string id = fmt::format("channel {}", i);
    EXPECT_TRUE(index.add({.tvg_id = id}).first);
  }
  EXPECT_LT(budget.used().count, kChannels * 60);
  EXPECT_FALSE(index.add({.tvg_id = "channel 7"}).first);
  EXPECT_EQ(index.first("channel 99999"), 99999U);
  EXPECT_EQ(index.first("channel"), GuideIndex::kNone);
}

TEST(GuideIndex, ShiftedIdIsTheOneOfThePlaylist) { EXPECT_EQ(shifted_guide_id("a", "+1"), "a+1h"); }

}  // namespace
}  // namespace m3u_proxy::pipeline
