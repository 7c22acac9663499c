#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <m3u_proxy/api/entities/checked_change.hpp>
#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/store/open/open_store.hpp>

namespace m3u_proxy::api {
namespace {

class CheckedChangeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::open_store({.data = folder_.path(), .program = "1"});
    ASSERT_TRUE(opened) << to_string(opened.error());
    store_ = *std::move(opened);
  }
  Result<store::Entity> make(const std::string& name, store::CheckedAt checked = {}) {
    return store_->entities().create(
        {.kind = store::EntityKind::kRule, .name = name, .body = "{}", .checked = checked}, {});
  }
  std::size_t count() { return store_->entities().list(store::EntityKind::kRule)->size(); }

  io::TestFolder folder_;
  std::unique_ptr<store::Store> store_;
};

TEST_F(CheckedChangeTest, IsCheckedAgainWhereAnotherCameBetween) {
  std::vector<std::size_t> seen;
  const auto made = check_and_change(*store_, [&](std::int64_t revision) -> Outcome<store::Entity> {
    seen.push_back(count());
    if (seen.size() == 1) M3U_CHECK(make("another"));
    M3U_TRY(auto entity, make("own", revision));
    return entity;
  });
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(seen, (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(count(), 2);
}

TEST_F(CheckedChangeTest, EditsOfChannelsBetweenAreNothingToCheckAgain) {
  int checks = 0;
  const auto made = check_and_change(*store_, [&](std::int64_t revision) -> Result<store::Entity> {
    ++checks;
    for (std::uint8_t channel = 0; channel < 5; ++channel) {
      store::ChannelEdit edit{.name = "x"};
      edit.channel.bytes.back() = channel;
      M3U_CHECK(store_->edits().put(edit, {}));
    }
    return make("own", revision);
  });
  ASSERT_TRUE(made) << to_string(made.error());
  EXPECT_EQ(checks, 1);
}

TEST_F(CheckedChangeTest, ThoseOfOneProcessAreEachCheckedOnce) {
  constexpr int kThreads = 4;
  int checks = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i)
      threads.emplace_back([&, i] {
        const auto made = check_and_change(*store_, [&](std::int64_t revision) {
          ++checks;
          std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the others come meanwhile
          return make(std::to_string(i), revision);
        });
        EXPECT_TRUE(made) << to_string(made.error());
      });
  }
  EXPECT_EQ(checks, kThreads);
  EXPECT_EQ(count(), static_cast<std::size_t>(kThreads));
}

TEST_F(CheckedChangeTest, AnswersWhatTheSecondCheckFinds) {
  const auto made = check_and_change(*store_, [&](std::int64_t revision) -> Outcome<store::Entity> {
    if (count() > 0) return problem(422, "there is one by now");
    M3U_CHECK(make("another"));
    M3U_TRY(auto entity, make("own", revision));
    return entity;
  });
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().status, 422);
}

TEST_F(CheckedChangeTest, AConflictThatNobodyElseMadeIsTheAnswer) {
  int checks = 0;
  const auto made = check_and_change(*store_, [&](std::int64_t) -> Answer {
    ++checks;
    return problem(409, "it is still in use");
  });
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().detail, "it is still in use");
  EXPECT_EQ(checks, 1);
}

TEST_F(CheckedChangeTest, EndsWithTheRemedyWhereOthersComeBetweenEachTime) {
  int checks = 0;
  const auto made = check_and_change(*store_, [&](std::int64_t revision) -> Result<store::Entity> {
    M3U_CHECK(make(std::to_string(++checks)));
    return make("own", revision);
  });
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kConflict);
  EXPECT_EQ(made.error().hint, "repeat it");
  EXPECT_EQ(checks, kMostChecks);
  EXPECT_EQ(count(), static_cast<std::size_t>(kMostChecks));
}

}  // namespace
}  // namespace m3u_proxy::api
