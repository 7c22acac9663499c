#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/log_format.hpp>
#include <m3u_proxy/base/log_levels.hpp>

namespace m3u_proxy::log {
namespace {

class Log : public testing::Test {
 protected:
  void SetUp() override {
    set_writer([this](std::string_view line) { lines_.emplace_back(line); });
  }
  void TearDown() override {
    set_writer({});
    ASSERT_TRUE(configure(""));
  }
  std::vector<std::string> lines_;
};

TEST_F(Log, InfoIsTheDefault) {
  ASSERT_TRUE(configure(""));
  debug("memory", "hidden");
  info("memory", "shown {}", 1);
  warn("memory", "careful");
  error("memory", "broken");
  EXPECT_EQ(lines_, (std::vector<std::string>{"INFO shown 1", "WARN careful", "ERROR broken"}));
}

TEST_F(Log, DebugLinesNameTheirModule) {
  ASSERT_TRUE(configure("debug"));
  debug("memory.cleanup", "freed {} MB", 3);
  EXPECT_EQ(lines_, (std::vector<std::string>{"DEBUG memory.cleanup: freed 3 MB"}));
}

TEST_F(Log, AModuleHasItsOwnLevelAndItsPartsInheritIt) {
  ASSERT_TRUE(configure("warn,memory=debug"));
  EXPECT_TRUE(enabled("memory", Level::kDebug));
  EXPECT_TRUE(enabled("memory.cleanup", Level::kDebug));
  EXPECT_FALSE(enabled("memory.cleanup", Level::kTrace));
  EXPECT_FALSE(enabled("memoryless", Level::kDebug)) << "only whole parts of a name count";
  EXPECT_FALSE(enabled("io", Level::kInfo));
}

TEST_F(Log, TheLongestPrefixWinsWhateverTheOrder) {
  ASSERT_TRUE(configure("memory.cleanup=error, memory=trace"));
  EXPECT_FALSE(enabled("memory.cleanup", Level::kWarn));
  EXPECT_TRUE(enabled("memory.pool", Level::kTrace));
}

TEST_F(Log, OfSeveralDefaultsTheLastWins) {
  ASSERT_TRUE(configure("error,debug"));
  EXPECT_TRUE(enabled("x", Level::kDebug));
}

TEST_F(Log, OffSilencesEverything) {
  ASSERT_TRUE(configure("off"));
  error("x", "y");
  EXPECT_TRUE(lines_.empty());
}

TEST_F(Log, LevelsAreReadInAnyCaseAndWarningIsWarn) {
  ASSERT_TRUE(configure("WARNING,io=Trace"));
  EXPECT_TRUE(enabled("a", Level::kWarn));
  EXPECT_FALSE(enabled("a", Level::kInfo));
  EXPECT_TRUE(enabled("io", Level::kTrace));
}

TEST_F(Log, AWrongLevelIsNamedAndNothingChanges) {
  ASSERT_TRUE(configure("error"));
  const auto wrong = configure("info,memory=loud");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(wrong.error().message, "'memory=loud' is not a log level");
  EXPECT_FALSE(enabled("a", Level::kInfo));
}

TEST_F(Log, LevelsChangeWhileOthersWrite) {
  EXPECT_TRUE(check_levels("info,http=debug"));
  EXPECT_EQ(check_levels("loud").error().message, "'loud' is not a log level");
  ASSERT_TRUE(configure("off"));
  std::atomic<bool> stop = false;
  std::thread other([&] {
    while (!stop) debug("http", "x");
  });
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(change_levels("off,http=debug"));
    change_format(Format::kJson);
    change_format(Format::kText);
    ASSERT_TRUE(change_levels("off"));
  }
  stop = true;
  other.join();
  EXPECT_FALSE(enabled("http", Level::kError));
}

TEST_F(Log, TellsTheModulesThatWereNamed) {
  ASSERT_TRUE(configure("warn, memory.cleanup=debug,io=off"));
  EXPECT_EQ(configured_modules(), (std::vector<std::string>{"memory.cleanup", "io"}));
}

TEST_F(Log, ALineIsNotFormattedWhenItIsNotWritten) {
  ASSERT_TRUE(configure("info"));
  EXPECT_FALSE(enabled("x", Level::kDebug));
  write("x", Level::kInfo, "text with {} braces");
  EXPECT_EQ(lines_, (std::vector<std::string>{"INFO text with {} braces"}));
}

TEST_F(Log, AsJsonALineIsAnObject) {
  ASSERT_TRUE(configure("info"));
  set_format(Format::kJson);
  write("jobs", Level::kWarn, "a \"name\"\nwith a line", {{"request", "x-1"}});
  set_format(Format::kText);
  write("jobs", Level::kWarn, "plain", {{"request", "x-1"}});
  ASSERT_EQ(lines_.size(), 2U);
  EXPECT_EQ(lines_[0].substr(0, 11), "{\"time\":\"20");
  EXPECT_EQ(
      lines_[0].substr(32),
      R"(Z","level":"warn","module":"jobs","message":"a \"name\"\nwith a line","request":"x-1"})")
      << lines_[0];
  EXPECT_EQ(lines_[1], "WARN plain request=x-1");
}

}  // namespace
}  // namespace m3u_proxy::log
