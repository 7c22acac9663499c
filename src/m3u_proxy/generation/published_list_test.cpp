#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/channels/m3u_generation.hpp>
#include <m3u_proxy/generation/published_list.hpp>
#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/spill/spill_space.hpp>

namespace m3u_proxy::generation {
namespace {

std::string url(std::size_t i) { return "http://h/" + std::to_string(i); }

class PublishedLists : public testing::Test {
 protected:
  void publish(std::size_t first, std::size_t last) {
    std::ofstream out(path_);
    out << "#EXTM3U\n";
    for (std::size_t i = first; i < last; ++i) out << "#EXTINF:-1,c\n" << url(i) << '\n';
  }
  /// Compared with a new list of the channels from `first` to `last`, some of them twice.
  PublishedList compared(memory::Budget& budget, spill::SpillSpace* space, std::size_t first,
                         std::size_t last, std::size_t twice = 0) {
    memory::SlabPool slabs(budget, Bytes{});
    const pipeline::RunContext context{
        .budget = &budget, .slabs = &slabs, .spill = space, .cancel = &cancel_};
    auto list = PublishedList::read({.file = path_}, context).value();
    std::vector<std::uint64_t> keys;
    for (std::size_t i = first; i < last; ++i) keys.push_back(channels::url_key(url(i)));
    for (std::size_t i = first; i < first + twice; ++i) keys.push_back(channels::url_key(url(i)));
    list.compare(keys);
    list.finish();
    return list;
  }

  io::TestFolder folder_;
  std::filesystem::path path_ = folder_ / "list.m3u";
  spill::SpillSpace space_{
      {.folder = folder_.path(), .max = {}, .tmpfs = io::TempFolder::Tmpfs::kAllow}};
  CancelToken cancel_;
};

TEST_F(PublishedLists, WithoutALastListNothingIsCompared) {
  memory::Budget budget;
  const PublishedList list = compared(budget, &space_, 0, 3);
  EXPECT_FALSE(list.known());
  EXPECT_FALSE(list.comparable());
}

TEST_F(PublishedLists, CountWhatWasAddedAndRemoved) {
  publish(0, 10);
  memory::Budget budget;
  const PublishedList list = compared(budget, nullptr, 3, 12);
  EXPECT_EQ(list.previous(), 10U);
  EXPECT_EQ(list.added(), 2U);
  EXPECT_EQ(list.removed(), 3U);
}

TEST_F(PublishedLists, TheSameListAgainHasNoDifferences) {
  publish(0, 60'000);
  memory::Budget budget(mib(3));
  const PublishedList list = compared(budget, &space_, 0, 60'000);
  EXPECT_TRUE(list.comparable());
  EXPECT_EQ(list.previous(), 60'000U);
  EXPECT_EQ(list.added(), 0U);
  EXPECT_EQ(list.removed(), 0U);
  EXPECT_EQ(budget.used(), Bytes{});
}

TEST_F(PublishedLists, AnAddressThatComesTwiceNowWasAddedOnce) {
  publish(0, 10);
  memory::Budget budget;
  const PublishedList list = compared(budget, nullptr, 0, 10, 4);
  EXPECT_EQ(list.added(), 4U);
  EXPECT_EQ(list.removed(), 0U);
}

TEST_F(PublishedLists, AreComparedExactlyAtAnyLimit) {
  publish(0, 60'000);
  for (const std::uint64_t limit : {2, 3, 64}) {
    memory::Budget budget(mib(limit));
    const PublishedList list = compared(budget, &space_, 500, 60'007, 5);
    EXPECT_TRUE(list.comparable());
    EXPECT_EQ(list.previous(), 60'000U);
    EXPECT_EQ(list.added(), 12U) << limit;
    EXPECT_EQ(list.removed(), 500U) << limit;
    EXPECT_EQ(budget.used(), Bytes{});
  }
  EXPECT_GT(space_.stats().total, 0U);
}

TEST_F(PublishedLists, WithNeitherMemoryNorDiskAreOnlyCounted) {
  publish(0, 60'000);
  memory::Budget budget(mib(1) + kib(500));
  const PublishedList list = compared(budget, nullptr, 0, 60'000);
  EXPECT_TRUE(list.known());
  EXPECT_FALSE(list.comparable());
  EXPECT_EQ(list.previous(), 60'000U);
}

TEST_F(PublishedLists, ANumberOfChannelsIsEnoughWhereNothingIsCompared) {
  publish(0, 10);
  const pipeline::RunContext nothing;
  const PublishedList list = PublishedList::read({.file = path_, .channels = 7}, nothing).value();
  EXPECT_TRUE(list.known());
  EXPECT_FALSE(list.comparable());
  EXPECT_EQ(list.previous(), 7U);
}

}  // namespace
}  // namespace m3u_proxy::generation
