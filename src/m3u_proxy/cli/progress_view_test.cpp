#include <gtest/gtest.h>

#include <m3u_proxy/cli/progress_view.hpp>

namespace m3u_proxy::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Style = ProgressView::Style;

constexpr ProgressView::Time kStart{};

TEST(ProgressBar, ShowsStageShareItemsRateAndTimeLeft) {
  ProgressView view(Style::kBar, 120, kStart);
  view.update("Source Loading", 0, 0, 1000, kStart);
  EXPECT_EQ(view.update("Source Loading", 20000, 250, 1000, kStart + seconds(2)),
            "Source Loading    [######------------------]  25% 20000 items 10.0K/s ETA 6s");
}

TEST(ProgressBar, LeavesOutWhatIsNotKnown) {
  ProgressView view(Style::kBar, 120, kStart);
  view.update("Filtering", 0, 0, 0, kStart);
  EXPECT_EQ(view.update("Filtering", 500, 0, 0, kStart + seconds(1)),
            "Filtering         [------------------------] 500 items 500/s");
}

TEST(ProgressBar, IsDrawnAtMostTenTimesASecond) {
  ProgressView view(Style::kBar, 120, kStart);
  EXPECT_FALSE(view.update("Filtering", 1, 0, 0, kStart + milliseconds(99)).has_value());
  EXPECT_TRUE(view.update("Filtering", 2, 0, 0, kStart + milliseconds(100)).has_value());
  EXPECT_FALSE(view.update("Filtering", 3, 0, 0, kStart + milliseconds(199)).has_value());
  EXPECT_TRUE(view.update("Filtering", 4, 0, 0, kStart + milliseconds(200)).has_value());
}

TEST(ProgressBar, FitsTheTerminal) {
  ProgressView view(Style::kBar, 20, kStart);
  const auto line = view.update("Source Loading", 1, 1, 2, kStart + seconds(1));
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line->size(), 19U);
}

TEST(ProgressBar, CountsRateFromTheStartOfTheStage) {
  ProgressView view(Style::kBar, 120, kStart);
  view.update("Source Loading", 1000, 0, 0, kStart + seconds(10));
  view.update("EPG Generation", 0, 0, 0, kStart + seconds(10));
  EXPECT_EQ(view.update("EPG Generation", 100, 0, 0, kStart + seconds(11)),
            "EPG Generation    [------------------------] 100 items 100/s");
}

TEST(PlainProgress, IsSilentInAShortRunAndThenSpeaksEveryFiveSeconds) {
  ProgressView view(Style::kPlain, 80, kStart);
  view.update("Filtering", 0, 0, 10, kStart);
  EXPECT_FALSE(view.update("Filtering", 1, 1, 10, kStart + milliseconds(4999)).has_value());
  EXPECT_EQ(view.update("Filtering", 5000, 5, 10, kStart + seconds(5)),
            "Filtering: 5000 items, 1.0K/s, 50%, ETA 5s");
  EXPECT_FALSE(view.update("Filtering", 6000, 6, 10, kStart + seconds(9)).has_value());
}

TEST(ShortCount, KeepsThreeFigures) {
  EXPECT_EQ(short_count(0), "0");
  EXPECT_EQ(short_count(999), "999");
  EXPECT_EQ(short_count(12345), "12.3K");
  EXPECT_EQ(short_count(4500000), "4.5M");
}

TEST(ShortDuration, TakesTheTwoLargestUnits) {
  EXPECT_EQ(short_duration(seconds(5)), "5s");
  EXPECT_EQ(short_duration(seconds(125)), "2m05s");
  EXPECT_EQ(short_duration(seconds(3720)), "1h02m");
}

}  // namespace
}  // namespace m3u_proxy::cli
