#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/outage.hpp>

namespace m3u_proxy::log {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class OutageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    set_writer([this](std::string_view line) { lines_.emplace_back(line); });
  }
  void TearDown() override { set_writer({}); }

  std::vector<std::string> lines_;
  Outage outage_{"jobs", "the queue cannot be read", "the queue is read again"};
};

Error error(std::string message) { return {.code = ErrorCode::kIo, .message = std::move(message)}; }

TEST_F(OutageTest, IsSaidOnceAndWhenItIsOver) {
  for (int i = 0; i < 3; ++i) outage_.failed(error("gone"));
  for (int i = 0; i < 2; ++i) outage_.worked();
  EXPECT_THAT(lines_,
              ElementsAre("WARN the queue cannot be read: gone", "INFO the queue is read again"));
}

TEST_F(OutageTest, AnotherReasonIsSaidToo) {
  outage_.failed(error("gone"));
  outage_.failed(error("starting"));
  outage_.worked();
  outage_.failed(error("starting"));
  EXPECT_THAT(
      lines_,
      ElementsAre("WARN the queue cannot be read: gone", "WARN the queue cannot be read: starting",
                  "INFO the queue is read again", "WARN the queue cannot be read: starting"));
}

TEST_F(OutageTest, NothingIsSaidOfWhatWorks) {
  outage_.worked();
  EXPECT_THAT(lines_, IsEmpty());
}

}  // namespace
}  // namespace m3u_proxy::log
