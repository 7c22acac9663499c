#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/monitoring/alert_center.hpp>
#include <m3u_proxy/monitoring/metric_text.hpp>

namespace m3u_proxy::monitoring {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Keeps what it gets, and fails as often as it is told to.
class Kept final : public AlertChannel {
 public:
  struct Box {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> messages;
    int failures = 0;
    ErrorCode why = ErrorCode::kNetwork;
    int tries = 0;
  };
  explicit Kept(Box& box) : box_(box) {}
  [[nodiscard]] std::string_view name() const override { return "kept"; }
  Result<> send(const Message& message, const CancelToken& /*cancel*/) override {
    const std::scoped_lock lock(box_.mutex);
    ++box_.tries;
    box_.changed.notify_all();
    if (box_.failures > 0) {
      --box_.failures;
      return fail(box_.why, "nobody is there");
    }
    box_.messages.push_back(message.title() + " | " + message.alert.text);
    return {};
  }

 private:
  Box& box_;
};

class AlertCenterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::vector<std::unique_ptr<AlertChannel>> channels;
    channels.push_back(std::make_unique<Kept>(box_));
    center_ = std::make_unique<AlertCenter>(
        std::move(channels), [] { return std::int64_t{0}; }, std::chrono::milliseconds(1));
  }
  std::vector<std::string> after(std::size_t count) {
    std::unique_lock lock(box_.mutex);
    EXPECT_TRUE(box_.changed.wait_for(lock, std::chrono::seconds(20),
                                      [&] { return box_.messages.size() >= count; }));
    return box_.messages;
  }
  Kept::Box box_;
  std::unique_ptr<AlertCenter> center_;
};

TEST_F(AlertCenterTest, WhatMayNotBeSentIsNotTriedAgain) {
  box_.failures = 1;
  box_.why = ErrorCode::kInvalidArgument;
  center_->raise({"source_failed", "tv", "tv does not answer"});
  center_->raise({"source_failed", "radio", "radio does not answer"});
  EXPECT_THAT(after(1), ElementsAre("source_failed: radio | radio does not answer"));
  EXPECT_EQ(box_.tries, 2);
}

TEST_F(AlertCenterTest, IsSaidOnceAndOnceWhenItIsOver) {
  for (int i = 0; i < 3; ++i) center_->raise({"source_failed", "tv", "tv does not answer"});
  EXPECT_THAT(center_->active(), ElementsAre(std::pair("source_failed", 1U)));
  for (int i = 0; i < 3; ++i) center_->resolve("source_failed", "tv");
  center_->resolve("source_failed", "radio");
  center_->raise({"source_failed", "tv", "tv does not answer again"});
  EXPECT_THAT(after(3), ElementsAre("source_failed: tv | tv does not answer",
                                    "over: source_failed: tv | tv does not answer",
                                    "source_failed: tv | tv does not answer again"));
}

TEST_F(AlertCenterTest, EachCauseIsItsOwn) {
  center_->raise({"source_failed", "tv", "a"});
  center_->raise({"source_failed", "radio", "b"});
  center_->raise({"quarantine", "tv", "c"});
  EXPECT_EQ(after(3).size(), 3U);
  center_->keep_only("source_failed", {"radio"});
  EXPECT_THAT(after(4).back(), "over: source_failed: tv | a");
}

TEST_F(AlertCenterTest, WhatIsNotOverIsThereWithItsBeginning) {
  std::int64_t now = 5;
  AlertCenter center({}, [&] { return now; });
  center.raise({"source_failed", "tv", "a"});
  now = 9;
  center.raise({"source_failed", "tv", "said already"});
  center.raise({"disk_low", "", "b"});
  center.raise({"quarantine", "tv", "c"});
  center.resolve("quarantine", "tv");
  const auto standing = center.standing();
  ASSERT_EQ(standing.size(), 2U);
  EXPECT_EQ(standing[0].alert.text, "b");
  EXPECT_EQ(standing[0].since, 9);
  EXPECT_EQ(standing[1].alert.text, "a");
  EXPECT_EQ(standing[1].since, 5);
}

TEST_F(AlertCenterTest, ChannelsChangeWhileItRuns) {
  const auto to_box = [this] {
    std::vector<std::unique_ptr<AlertChannel>> channels;
    channels.push_back(std::make_unique<Kept>(box_));
    return channels;
  };
  AlertCenter center({}, [] { return std::int64_t{0}; });
  center.raise({"disk_low", "", "nobody hears"});
  center.set_channels(to_box());
  center.raise({"quarantine", "tv", "heard"});
  EXPECT_THAT(after(1), ElementsAre("quarantine: tv | heard"));
  center.set_channels({});
  center.raise({"quarantine", "radio", "nobody hears"});
  center.set_channels(to_box());
  center.resolve("quarantine", "tv");
  EXPECT_THAT(after(2).back(), "over: quarantine: tv | heard");
}

TEST_F(AlertCenterTest, SecretsStayHere) {
  center_->raise({"source_failed", "tv", "http://user:hunter2@example.org/x is gone"});
  EXPECT_EQ(after(1).front().find("hunter2"), std::string::npos);
}

TEST_F(AlertCenterTest, AChannelThatFailsIsTriedAgainAndThenLeft) {
  box_.failures = 2;
  center_->raise({"disk_low", "", "third time lucky"});
  EXPECT_THAT(after(1), ElementsAre("disk_low | third time lucky"));
  {
    const std::scoped_lock lock(box_.mutex);
    EXPECT_EQ(box_.tries, 3);
    box_.failures = 3;
  }
  center_->raise({"quarantine", "tv", "never"});
  center_->raise({"quarantine", "radio", "next"});
  EXPECT_THAT(after(2).back(), "quarantine: radio | next");
}

TEST_F(AlertCenterTest, AnEndDoesNotWaitForAChannelThatFails) {
  {
    const std::scoped_lock lock(box_.mutex);
    box_.failures = 1'000'000;
  }
  for (int i = 0; i < 100; ++i) center_->raise({"source_failed", std::to_string(i), "x"});
  center_.reset();
  EXPECT_THAT(box_.messages, IsEmpty());
}

TEST(MetricText, IsTheTextFormat) {
  MetricText text;
  text.family("m3u_proxy_sources", MetricType::kGauge, "Sources.\nAll.")
      .sample({{"name", "a \"b\" \\ c"}, {"kind", "playlist"}}, 3);
  text.one("m3u_proxy_jobs_total", MetricType::kCounter, "Jobs.", 0.5);
  EXPECT_EQ(text.text(),
            "# HELP m3u_proxy_sources Sources.\\nAll.\n# TYPE m3u_proxy_sources gauge\n"
            "m3u_proxy_sources{name=\"a \\\"b\\\" \\\\ c\",kind=\"playlist\"} 3\n"
            "# HELP m3u_proxy_jobs_total Jobs.\n# TYPE m3u_proxy_jobs_total counter\n"
            "m3u_proxy_jobs_total 0.5\n");
}

}  // namespace
}  // namespace m3u_proxy::monitoring
