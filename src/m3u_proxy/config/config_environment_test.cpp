#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/config/config_environment.hpp>

namespace m3u_proxy::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Applied {
  Configuration configuration;
  std::vector<std::string> problems;
};

Applied apply(const Environment& environment) {
  Applied out;
  ConfigReader reader;
  apply_environment(reader, environment, out.configuration);
  for (const ConfigProblem& problem : reader.take_problems())
    out.problems.push_back(to_string(problem));
  return out;
}

TEST(ConfigEnvironment, TakesTheShortNames) {
  const Applied got = apply({{"MEMORY_LIMIT_MB", "448"},
                             {"CLEANUP_AGGRESSIVE", "true"},
                             {"PLUGIN_MEMORY_LIMIT_MB", "32"}});
  EXPECT_THAT(got.problems, IsEmpty());
  EXPECT_EQ(got.configuration.proxy_memory.max_memory_mb.fixed, mib(448));
  EXPECT_TRUE(got.configuration.memory_cleanup.aggressive_cleanup);
  EXPECT_EQ(got.configuration.wasm_plugins.max_memory_per_plugin, 32U);
}

TEST(ConfigEnvironment, TakesTheLimitAsAWord) {
  EXPECT_EQ(apply({{"MEMORY_LIMIT_MB", "none"}}).configuration.proxy_memory.max_memory_mb.kind,
            MemoryLimitSetting::Kind::kNone);
  EXPECT_EQ(apply({{"MEMORY_LIMIT_MB", "auto"}}).configuration.proxy_memory.max_memory_mb.kind,
            MemoryLimitSetting::Kind::kAuto);
}

TEST(ConfigEnvironment, ReachesEveryKeyOfASection) {
  const Applied got = apply({{"M3U_PROXY_PROXY_MEMORY__BATCH_SIZE", "77"},
                             {"M3U_PROXY_PROXY_MEMORY__WARNING_THRESHOLD", "0.5"},
                             {"M3U_PROXY_PROXY_MEMORY__SPILL_DIR", "7"},
                             {"M3U_PROXY_MEMORY_CLEANUP__AUTO_GC_INTERVAL", "5m"},
                             {"M3U_PROXY_WASM_PLUGINS__ENABLED", "1"}});
  EXPECT_THAT(got.problems, IsEmpty());
  EXPECT_EQ(got.configuration.proxy_memory.batch_size, 77U);
  EXPECT_EQ(got.configuration.proxy_memory.warning_threshold, 0.5);
  EXPECT_EQ(got.configuration.proxy_memory.spill_dir, "7");
  EXPECT_EQ(got.configuration.memory_cleanup.auto_gc_interval, std::chrono::minutes(5));
  EXPECT_TRUE(got.configuration.wasm_plugins.enabled);
}

TEST(ConfigEnvironment, LetsTheFullNameWinOverTheShortOne) {
  const Applied got =
      apply({{"MEMORY_LIMIT_MB", "100"}, {"M3U_PROXY_PROXY_MEMORY__MAX_MEMORY_MB", "200"}});
  EXPECT_EQ(got.configuration.proxy_memory.max_memory_mb.fixed, mib(200));
}

TEST(ConfigEnvironment, LeavesOtherProgramsAlone) {
  EXPECT_THAT(apply({{"PATH", "/bin"}, {"M3U_PROXY_LOG", "debug"}, {"M3U_OTHER", "x"}}).problems,
              IsEmpty());
}

TEST(ConfigEnvironment, NamesWhatItDoesNotKnow) {
  EXPECT_THAT(
      apply({{"M3U_PROXY_PROXY_MEMORY__BATCH_SISE", "1"},
             {"M3U_PROXY_PROXY_MEMORI__BATCH_SIZE", "1"},
             {"M3U_PROXY_THING", "1"}})
          .problems,
      ElementsAre(
          "environment variable M3U_PROXY_PROXY_MEMORI__BATCH_SIZE: proxy_memori is not a key "
          "(did you mean \"proxy_memory\"?)",
          "environment variable M3U_PROXY_PROXY_MEMORY__BATCH_SISE: proxy_memory.batch_sise is "
          "not a key (did you mean \"batch_size\"?)",
          "environment variable M3U_PROXY_THING: not one of ours (write "
          "M3U_PROXY_<SECTION>__<KEY>, such as M3U_PROXY_PROXY_MEMORY__BATCH_SIZE, or "
          "M3U_PROXY_LOG)"));
}

TEST(ConfigEnvironment, NamesAWrongValue) {
  EXPECT_THAT(apply({{"CLEANUP_AGGRESSIVE", "perhaps"}}).problems,
              ElementsAre("environment variable CLEANUP_AGGRESSIVE: "
                          "memory_cleanup.aggressive_cleanup is \"perhaps\", expected true or "
                          "false"));
}

}  // namespace
}  // namespace m3u_proxy::config
