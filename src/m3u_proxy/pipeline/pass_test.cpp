#include <algorithm>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/pipeline/pass.hpp>

namespace m3u_proxy::pipeline {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

struct Item final : PassItem {
  explicit Item(memory::SlabPool& /*slabs*/) {}
  std::size_t number = 0;
  std::string text;
};

/// Runs a pass of `count` items and writes down which came to its last step, and on what thread.
class PassTest : public testing::Test {
 protected:
  Result<> run(std::size_t count, std::size_t threads, std::size_t fail_at = SIZE_MAX) {
    context_ = {.budget = &budget_, .slabs = &slabs_, .cancel = &cancel_, .threads = threads};
    StageClock clock;
    Pass<Item> pass(context_, clock);
    std::size_t next = 0;
    const auto input = [&](Item& item) -> Result<bool> {
      if (next == fail_at) return fail(ErrorCode::kIo, "broken");
      if (next == count) return false;
      item.number = next++;
      return true;
    };
    const auto work = [&](Item& item) -> Result<> {
      item.text.assign(1, static_cast<char>('a' + item.number));
      return {};
    };
    const auto keep = [&](Item& item) -> Result<> {
      order_.push_back(item.number);
      texts_ += item.text;
      threads_.push_back(std::this_thread::get_id());
      return {};
    };
    return pass.run(Stage::kM3uGeneration, input,
                    {{.stage = Stage::kM3uGeneration, .parallel = true, .run = work},
                     {.stage = Stage::kM3uGeneration, .parallel = false, .run = keep}});
  }

  memory::Budget budget_;
  memory::SlabPool slabs_{budget_};
  CancelToken cancel_;
  RunContext context_;
  std::vector<std::size_t> order_;
  std::string texts_;
  std::vector<std::thread::id> threads_;
};

TEST_F(PassTest, OneItemStaysOnTheCallersThread) {
  ASSERT_TRUE(run(1, 4).has_value());
  EXPECT_EQ(texts_, "a");
  EXPECT_THAT(threads_, Each(std::this_thread::get_id()));
}

TEST_F(PassTest, ItemsComeInOrderHoweverManyThereAre) {
  for (const std::size_t threads : {1, 2, 4}) {
    for (const std::size_t count : {0, 1, 2, 3, 20}) {
      order_.clear();
      texts_.clear();
      ASSERT_TRUE(run(count, threads).has_value());
      EXPECT_EQ(texts_, std::string("abcdefghijklmnopqrst").substr(0, count));
      EXPECT_TRUE(std::ranges::is_sorted(order_));
    }
  }
}

TEST_F(PassTest, AnInputThatFailsEndsThePassWithItsError) {
  for (const std::size_t fail_at : {0, 1, 2, 10}) {
    const auto result = run(20, 4, fail_at);
    ASSERT_FALSE(result.has_value()) << fail_at;
    EXPECT_EQ(result.error().message, "broken");
  }
}

}  // namespace
}  // namespace m3u_proxy::pipeline
