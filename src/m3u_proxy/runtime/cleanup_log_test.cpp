#include <gtest/gtest.h>

#include <m3u_proxy/runtime/cleanup_log.hpp>

namespace m3u_proxy::runtime {
namespace {

TEST(CleanupLog, HasTheLastOnesNewestFirst) {
  CleanupLog log;
  EXPECT_TRUE(log.entries().empty());
  for (std::size_t i = 0; i < CleanupLog::kMost + 5; ++i)
    log.add(static_cast<std::int64_t>(i), {.stage = "Filtering", .items_cleaned = i});
  const auto entries = log.entries();
  ASSERT_EQ(entries.size(), CleanupLog::kMost);
  EXPECT_EQ(entries.front().at, static_cast<std::int64_t>(CleanupLog::kMost + 4));
  EXPECT_EQ(entries.front().stats.items_cleaned, CleanupLog::kMost + 4);
  EXPECT_EQ(entries.back().at, 5);
}

}  // namespace
}  // namespace m3u_proxy::runtime
