#include <future>
#include <mutex>
#include <string>
#include <thread>

#include <gmock/gmock.h>

#include <m3u_proxy/api/latest_first.hpp>

namespace m3u_proxy::api {
namespace {

/// What was done, a letter for each piece.
class Record {
 public:
  void add(char piece) {
    const std::scoped_lock lock(mutex_);
    pieces_ += piece;
  }
  std::string pieces() {
    const std::scoped_lock lock(mutex_);
    return pieces_;
  }

 private:
  std::mutex mutex_;
  std::string pieces_;
};

class LatestFirstTest : public ::testing::Test {
 protected:
  /// A work of so many pieces.
  LatestFirst::Piece work(char name, int pieces) {
    return [this, name, pieces]() mutable {
      record_.add(name);
      return --pieces > 0;
    };
  }
  /// Until release(), nothing else is done; has begun when this returns.
  void hold() {
    works_.go_on(&held_, [this, released = released_.get_future().share()] {
      begun_.set_value();
      released.wait();
      return false;
    });
    begun_.get_future().wait();
  }
  void release() { released_.set_value(); }
  /// Waits for the first piece of a work.
  void wait_for(char last) {
    while (!record_.pieces().contains(last)) std::this_thread::yield();
  }

  Record record_;
  std::promise<void> begun_;
  std::promise<void> released_;
  char held_{};
  char a_{};
  char b_{};
  char c_{};
  LatestFirst works_{3};
};

TEST_F(LatestFirstTest, WhatIsAskedForLastIsDoneFirst) {
  hold();
  works_.go_on(&a_, work('a', 2));
  works_.go_on(&b_, work('b', 2));
  release();
  wait_for('a');
  EXPECT_THAT(record_.pieces(), ::testing::StartsWith("bba"));
}

TEST_F(LatestFirstTest, WhatIsAskedForMeanwhileWaitsForOnePieceOnly) {
  works_.go_on(&a_, [this, released = released_.get_future().share(), pieces = 3]() mutable {
    record_.add('a');
    if (pieces == 3) begun_.set_value();
    released.wait();
    return --pieces > 0;
  });
  begun_.get_future().wait();
  works_.go_on(&b_, work('b', 1));
  release();
  wait_for('b');
  EXPECT_THAT(record_.pieces(), ::testing::StartsWith("ab"));
}

TEST_F(LatestFirstTest, WhatIsAskedForAgainIsDoneOnceAndBeforeTheOthers) {
  hold();
  works_.go_on(&a_, work('a', 1));
  works_.go_on(&b_, work('b', 1));
  works_.go_on(&a_, work('x', 1));
  release();
  wait_for('b');
  EXPECT_EQ(record_.pieces(), "ab");
}

TEST_F(LatestFirstTest, OfTooManyTheOldestIsForgottenButNotWhatIsUnderWay) {
  hold();
  works_.go_on(&a_, work('a', 1));
  works_.go_on(&b_, work('b', 1));
  works_.go_on(&c_, work('c', 1));
  release();
  wait_for('b');
  EXPECT_EQ(record_.pieces(), "cb");
}

TEST_F(LatestFirstTest, ItsEndWaitsForThePieceUnderWayAndDropsTheRest) {
  {
    const auto released = released_.get_future().share();
    bool is_first = true;
    LatestFirst works{3};  // its end waits for what uses them
    works.go_on(&a_, [&] {
      if (is_first) begun_.set_value();
      is_first = false;
      released.wait();
      record_.add('a');
      return true;
    });
    begun_.get_future().wait();
    release();
  }
  EXPECT_THAT(record_.pieces(), ::testing::StartsWith("a"));
}

}  // namespace
}  // namespace m3u_proxy::api
