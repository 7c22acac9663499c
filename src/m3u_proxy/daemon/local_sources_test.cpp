#include <gtest/gtest.h>

#include <m3u_proxy/daemon/local_sources.hpp>

namespace m3u_proxy::daemon {
namespace {

std::string watched(const std::string& location, const std::string& own,
                    const std::string& usual = "12h") {
  jobs::SourceEntry source;
  source.config.location = location;
  source.config.refresh = own;
  return watched_file_of(source, usual).string();
}

TEST(LocalSources, AFileIsWatchedWhateverItsSchedule) {
  EXPECT_EQ(watched("/tv.m3u", ""), "/tv.m3u");
  EXPECT_EQ(watched("/tv.m3u", "6h"), "/tv.m3u");
  EXPECT_EQ(watched("file:///my%20tv.m3u", "30 4 * * *"), "/my tv.m3u");
}

TEST(LocalSources, AManualOneIsNotHoweverThatIsWritten) {
  for (const char* manual : {"manual", "Manual", " MANUAL "})
    EXPECT_EQ(watched("/tv.m3u", manual), "") << manual;
}

TEST(LocalSources, WhatTheServiceSaysHoldsForThoseThatSayNothing) {
  EXPECT_EQ(watched("/tv.m3u", "", "manual"), "");
  EXPECT_EQ(watched("/tv.m3u", "6h", "manual"), "/tv.m3u");
}

TEST(LocalSources, WhatIsNoFileIsNotWatched) {
  for (const char* other : {"-", "http://h/tv.m3u", "xtream://u:p@h"})
    EXPECT_EQ(watched(other, "6h"), "") << other;
}

}  // namespace
}  // namespace m3u_proxy::daemon
