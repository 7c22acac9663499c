#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <m3u_proxy/guide/matching/guide_index.hpp>
#include <m3u_proxy/io/io_testing.hpp>

namespace m3u_proxy::guide {
namespace {

struct Resources {
  explicit Resources(Bytes limit = memory::Budget::kUnlimited) : budget(limit) {}
  io::TestFolder folder;
  memory::Budget budget;
  memory::SlabPool slabs{budget};
  spill::SpillSpace space{{.folder = folder.path(), .tmpfs = io::TempFolder::Tmpfs::kAllow}};
  pipeline::RunContext context{.budget = &budget, .slabs = &slabs, .spill = &space};
};

constexpr std::uint32_t kChannels = 100000;

/// Adds `kChannels` channels and looks all of them up.
void add_and_look_up(GuideIndex& index) {
  for (std::uint32_t i = 0; i < kChannels; ++i) {
    const auto added = index.add({.tvg_id = fmt::format("channel {}", i)});
    ASSERT_TRUE(added.has_value()) << added.error().message;
    ASSERT_TRUE(added->first);
  }
  EXPECT_FALSE(index.add({.tvg_id = "channel 7"})->first);
  for (std::uint32_t i = 0; i < kChannels; ++i)
    ASSERT_EQ(index.first(fmt::format("channel {}", i)), i);
  EXPECT_EQ(index.first("channel"), GuideIndex::kNone);
}

TEST(GuideIndex, TakesFewBytesAChannel) {
  Resources run;
  GuideIndex index(run.context, GuideMatch::kId, TvgShift::kEmit);
  add_and_look_up(index);
  EXPECT_LT(run.budget.used().count, std::uint64_t{kChannels} * 60);
}

TEST(GuideIndex, TakesFewerBytesWhereTheyAreScarce) {
  Resources run(mib(2));
  GuideIndex index(run.context, GuideMatch::kId, TvgShift::kEmit);
  add_and_look_up(index);
  EXPECT_GT(run.space.stats().total, 0U);
  EXPECT_LT(run.budget.peak().count, mib(2).count);
}

TEST(GuideIndex, ShiftedOutputsOfAnIdStandInAChain) {
  Resources run;
  GuideIndex index(run.context, GuideMatch::kId, TvgShift::kApply);
  EXPECT_EQ(index.add({.tvg_id = "a"})->output, 0U);
  EXPECT_EQ(index.add({.tvg_id = "a", .tvg_shift = "1"})->output, 1U);
  EXPECT_EQ(index.add({.tvg_id = "a", .tvg_shift = "-2.5"})->output, 2U);
  EXPECT_FALSE(index.add({.tvg_id = "a", .tvg_shift = "+1"})->first);
  EXPECT_EQ(index.first("a"), 0U);
  EXPECT_EQ(index.next(0), 1U);
  EXPECT_EQ(index.next(1), 2U);
  EXPECT_EQ(index.next(2), GuideIndex::kNone);
  EXPECT_EQ(index.shift(0), 0);
  EXPECT_EQ(index.shift(1), 1000);
  EXPECT_EQ(index.shift(2), -2500);
  EXPECT_EQ(index.find_output("a"), 0U);
}

TEST(GuideIndex, ShiftedIdIsTheOneOfThePlaylist) { EXPECT_EQ(shifted_guide_id("a", "+1"), "a+1h"); }

TEST(GuideOutputs, RememberProvidersAndFlagsOfEachApart) {
  Resources run;
  GuideOutputs outputs(run.slabs);
  for (int i = 0; i < 70000; ++i) ASSERT_TRUE(outputs.add().has_value());
  EXPECT_EQ(outputs.set_provider(69999, 3), GuideOutputs::kNoSource);
  EXPECT_FALSE(outputs.raise(69999, GuideOutputs::Flag::kDeclared));
  EXPECT_TRUE(outputs.raise(69999, GuideOutputs::Flag::kDeclared));
  EXPECT_EQ(outputs.provider(69999), 3U);
  EXPECT_EQ(outputs.provider(69998), GuideOutputs::kNoSource);
  EXPECT_FALSE(outputs.has(69998, GuideOutputs::Flag::kDeclared));
  outputs.clear(GuideOutputs::Flag::kDeclared);
  EXPECT_FALSE(outputs.has(69999, GuideOutputs::Flag::kDeclared));
  EXPECT_EQ(outputs.provider(69999), 3U);
}

}  // namespace
}  // namespace m3u_proxy::guide
