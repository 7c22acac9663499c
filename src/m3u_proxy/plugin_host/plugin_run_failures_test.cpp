// Nothing is lost or doubled: whatever chunk a plugin fails at, and however, the output is the
// one of a run without it, or the last good one stays.
#include <array>
#include <string>
#include <string_view>

#include <m3u_proxy/plugin_host/generation_testing.hpp>

namespace m3u_proxy::plugin_host {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// Chunks that plugins before the filters get: 3000 + 2500 channels.
constexpr int kChunks = 6;

enum class Way : std::uint8_t { kTrap, kError, kBadBatch, kMemory };
constexpr std::array kWays = {Way::kTrap, Way::kError, Way::kBadBatch, Way::kMemory};

std::string_view failure(Way way) {
  switch (way) {
    case Way::kTrap:
      return "(unreachable)";
    case Way::kError:
      return "(return (call $fail))";
    case Way::kBadBatch:
      return "(return (call $give_back (i32.const 1024) (i32.const 64)))";
    case Way::kMemory:
      return "(i32.store (i32.const -16) (i32.const 0))";
  }
  return {};
}

std::string if_equal(std::string_view what, int number, std::string_view then) {
  return fmt::format("(if (i32.eq {} (i32.const {})) (then {}))", what, number, then);
}

/// What `module` does at its `chunk`th chunk, from 1, instead of its work.
TestModule failing_at(TestModule module, int chunk, std::string_view then) {
  module.process = if_equal("(global.get $chunk)", chunk, then) + module.process;
  return module;
}

/// The same when it has given `given` of its batches.
TestModule failing_after(TestModule module, int given, std::string_view then) {
  module.finalize = if_equal("(global.get $given)", given, then) + module.finalize;
  return module;
}

class PluginFailures : public GenerationWithPlugins {
 protected:
  void SetUp() override {
    add_source("tv", playlist("tv", 3000));
    add_source("radio", playlist("radio", 2500));
    set_rule(R"(channel_name matches "^(.*) ([0-9]+)$" SET channel_name = "$2 $1")");
    exclude(R"(channel_name contains "7")");
    const auto stats = run();
    ASSERT_TRUE(stats) << to_string(stats.error());
    ASSERT_EQ(stats->channels, 4050U);
    native_ = playlist_text();
    native_stats_ = *stats;
  }
  /// A run with what is installed gives what a run without plugins gives.
  generation::GenerationStats same_as_native(std::string_view what) {
    std::filesystem::remove(outputs_.playlist);
    use_plugins();
    const auto stats = run();
    EXPECT_TRUE(stats) << what << ": " << to_string(stats.error());
    if (!stats) return {};
    EXPECT_TRUE(playlist_text() == native_) << what;
    EXPECT_EQ(stats->channels, native_stats_.channels) << what;
    EXPECT_EQ(stats->filters_detail[0].evaluated, native_stats_.filters_detail[0].evaluated);
    EXPECT_EQ(stats->rules[0].matched, native_stats_.rules[0].matched);
    EXPECT_EQ(budget_.used(memory::Tag::kSpool), Bytes{});
    EXPECT_EQ(spill_.stats().live, 0U);
    return *stats;
  }

  std::string native_;
  generation::GenerationStats native_stats_;
};

TEST_F(PluginFailures, WithoutThemThePluginsOfThisTestChangeNothing) {
  for (const std::string_view position : {"before", "after"}) {
    for (const TestModule& module : {TestModule{}, TestModule::accumulating("test")}) {
      install(module, fmt::format("position = \"{}\"\non_failure = \"native\"", position));
      const auto stats = same_as_native(position);
      EXPECT_FALSE(stats.degraded);
      ASSERT_EQ(stats.plugins.size(), 1U);
      EXPECT_EQ(stats.plugins[0].chunks, static_cast<std::uint64_t>(kChunks));
      EXPECT_EQ(stats.plugins[0].items_in, 5500U);
      EXPECT_EQ(stats.plugins[0].items_out, 5500U);
      EXPECT_EQ(stats.plugins[0].failures, 0U);
    }
  }
}

class FailureInEachWay : public PluginFailures, public testing::WithParamInterface<Way> {};

TEST_P(FailureInEachWay, OfAStreamingPluginAtAnyChunkLosesAndDoublesNothing) {
  for (int chunk = 1; chunk <= kChunks; ++chunk) {
    install(failing_at({}, chunk, failure(GetParam())),
            "position = \"before\"\non_failure = \"native\"");
    const auto stats = same_as_native(fmt::format("chunk {}", chunk));
    EXPECT_TRUE(stats.degraded);
    ASSERT_EQ(stats.plugins.size(), 1U);
    EXPECT_GE(stats.plugins[0].failures, 1U);
    // Another instance would not know what the broken one knew.
    const bool breaks = GetParam() == Way::kTrap || GetParam() == Way::kMemory;
    EXPECT_EQ(stats.plugins[0].replaced,
              breaks ? static_cast<std::uint64_t>(kChunks - chunk + 1) : stats.plugins[0].failures);
    EXPECT_EQ(stats.plugins[0].items_out, 5500U);
  }
}

TEST_P(FailureInEachWay, OfAParallelPluginAtAnyChunkLosesAndDoublesNothing) {
  context_.threads = 2;
  context_.batch_rows = 700;
  for (int chunk = 1; chunk <= kChunks; ++chunk) {
    install(failing_at({}, chunk, failure(GetParam())),
            "position = \"after\"\nparallel = true\non_failure = \"native\"");
    same_as_native(fmt::format("chunk {}", chunk));
  }
}

TEST_P(FailureInEachWay, OfAnAccumulatingPluginAtAnyChunkLosesAndDoublesNothing) {
  for (int chunk = 1; chunk <= kChunks; ++chunk) {
    install(failing_at(TestModule::accumulating("test"), chunk, failure(GetParam())),
            "position = \"after\"\non_failure = \"native\"");
    const auto stats = same_as_native(fmt::format("chunk {}", chunk));
    EXPECT_TRUE(stats.degraded);
    ASSERT_EQ(stats.plugins.size(), 1U);
    EXPECT_EQ(stats.plugins[0].failures, 1U);
    EXPECT_EQ(stats.plugins[0].replaced, static_cast<std::uint64_t>(kChunks));
  }
}

TEST_P(FailureInEachWay, OfAnAccumulatingPluginWhileItGivesItsResultLosesAndDoublesNothing) {
  for (int given = 0; given <= kChunks; ++given) {
    install(failing_after(TestModule::accumulating("test"), given, failure(GetParam())),
            "position = \"before\"\non_failure = \"native\"");
    const auto stats = same_as_native(fmt::format("after {}", given));
    EXPECT_TRUE(stats.degraded);
    ASSERT_EQ(stats.plugins.size(), 1U);
    EXPECT_EQ(stats.plugins[0].failures, 1U);
    EXPECT_EQ(stats.plugins[0].replaced, static_cast<std::uint64_t>(kChunks));
  }
}

TEST_P(FailureInEachWay, InsteadOfAStageLeavesEachChunkToTheNativeStrategyWithItsCounts) {
  for (const TestModule& module : {TestModule{}, TestModule::accumulating("test")}) {
    for (const std::string_view stage : {"data_mapping", "filtering"}) {
      TestModule failing = module;
      failing.stages = stage;
      failing.process = failure(GetParam());
      if (GetParam() == Way::kMemory) failing.process += "(i32.const 1)";
      install(failing, "position = \"instead\"\non_failure = \"native\"");
      same_as_native(stage);
    }
  }
}

std::string name_of(const testing::TestParamInfo<Way>& way) {
  constexpr std::array kNames = {"Trap", "Error", "BadBatch", "Memory"};
  return kNames.at(static_cast<std::size_t>(way.param));
}

INSTANTIATE_TEST_SUITE_P(All, FailureInEachWay, testing::ValuesIn(kWays), name_of);

TEST_F(PluginFailures, InsteadOfFiltersThatThereAreNotAPluginMayFailAnywhere) {
  config_.channel_filters = nullptr;
  ASSERT_TRUE(run());
  const std::string expected = playlist_text();
  for (const TestModule& module : {TestModule{}, TestModule::accumulating("test")}) {
    for (int chunk = 1; chunk <= kChunks; ++chunk) {
      TestModule failing = failing_at(module, chunk, "(unreachable)");
      failing.stages = "filtering";
      install(failing, "position = \"instead\"\nequivalent_to = \"native\"");
      use_plugins();
      const auto stats = run();
      ASSERT_TRUE(stats) << to_string(stats.error());
      EXPECT_TRUE(playlist_text() == expected) << chunk;
      EXPECT_TRUE(stats->degraded);
    }
  }
}

TEST_F(PluginFailures, AChunkThatTakesTooLongIsDoneByTheNativeStrategy) {
  settings_.chunk_timeout_seconds = 1;
  for (const TestModule& module : {TestModule{}, TestModule::accumulating("test")}) {
    install(failing_at(module, 5, "(loop $forever (br $forever))"),
            "position = \"before\"\non_failure = \"native\"");
    const auto stats = same_as_native("spin");
    ASSERT_EQ(stats.plugins.size(), 1U);
    EXPECT_EQ(stats.plugins[0].failures, 1U);
    EXPECT_EQ(stats.plugins[0].last_failure, "it took too long and was stopped");
  }
}

TEST_F(PluginFailures, OneThatFailedTooOftenIsLeftAloneForTheRestOfTheGeneration) {
  settings_.max_plugin_failures = 2;
  install(failing_at({}, 1, "(unreachable)"),
          "position = \"before\"\nparallel = true\non_failure = \"native\"");
  const auto stats = same_as_native("two failures");
  ASSERT_EQ(stats.plugins.size(), 1U);
  EXPECT_EQ(stats.plugins[0].failures, 2U);
  EXPECT_GT(stats.plugins[0].chunks, 2U);
  EXPECT_EQ(stats.plugins[0].replaced, stats.plugins[0].chunks);
  EXPECT_EQ(host_->quarantine().records().at("test").failures, 2U);
}

TEST_F(PluginFailures, AFinalizeThatGivesForeverEndsWithItsTime) {
  settings_.timeout_seconds = 1;
  TestModule endless = TestModule::accumulating("test");
  endless.process = "(call $keep (local.get $in) (local.get $size)) (i32.const 1)";
  endless.finalize = "(return (call $give_kept_again))";
  endless.more = R"((func $give_kept_again (result i32)
    (global.set $given (i32.const 0)) (call $give_kept)))";
  install(endless, "position = \"before\"\non_failure = \"native\"");
  const auto stats = same_as_native("endless");
  ASSERT_EQ(stats.plugins.size(), 1U);
  EXPECT_EQ(stats.plugins[0].last_failure, "it took longer than timeout_seconds in all");
}

TEST_F(PluginFailures, AnInstanceThatCannotBeginIsReplacedFromTheFirstChunkOn) {
  TestModule module;
  module.begin = "(return (call $fail))";
  install(module, "position = \"before\"\non_failure = \"native\"");
  const auto stats = same_as_native("begin");
  ASSERT_EQ(stats.plugins.size(), 1U);
  EXPECT_EQ(stats.plugins[0].failures, kChunks + 1U);  // m3u_finalize has none to be called in
  EXPECT_EQ(stats.plugins[0].replaced, static_cast<std::uint64_t>(kChunks));
  EXPECT_EQ(stats.plugins[0].last_failure, "this is not to my taste");
}

TEST_F(PluginFailures, AGenerationWhosePluginMayNotFailEndsWithTheReasonAndTheLastGoodFiles) {
  write_file(outputs_.playlist, "#EXTM3U\n");
  for (const Way way : kWays) {
    for (int chunk = 1; chunk <= kChunks; chunk += 2) {
      install(failing_at({}, chunk, failure(way)), "position = \"after\"\non_failure = \"fail\"");
      use_plugins();
      const auto stats = run();
      ASSERT_FALSE(stats);
      EXPECT_EQ(stats.error().code, ErrorCode::kPlugin);
      EXPECT_THAT(stats.error().message,
                  HasSubstr(fmt::format("plugin test in data_mapping, chunk {}: ", chunk)));
      EXPECT_EQ(playlist_text(), "#EXTM3U\n");
      EXPECT_EQ(host_->quarantine().records().at("test").failures, 1U);
    }
  }
}

TEST_F(PluginFailures, ReasonsAreThoseOfThePluginOrOfTheRuleThatItBroke) {
  const auto reason = [this](const TestModule& module) {
    install(module, "position = \"after\"\non_failure = \"fail\"");
    use_plugins();
    const auto stats = run();
    return stats ? std::string() : to_string(stats.error());
  };
  EXPECT_THAT(reason(failing_at({}, 2, failure(Way::kError))),
              HasSubstr("chunk 2: this is not to my taste"));
  EXPECT_THAT(reason(failing_at({}, 2, failure(Way::kTrap))),
              HasSubstr("chunk 2: it gave up (unreachable)"));
  EXPECT_THAT(reason(failing_at({}, 2, failure(Way::kBadBatch))),
              HasSubstr("chunk 2: it gave a bad batch: "));
  EXPECT_THAT(reason(failing_at({}, 2, failure(Way::kMemory))),
              HasSubstr("chunk 2: it used memory that it does not have"));
  TestModule early;
  early.streaming = false;
  EXPECT_THAT(reason(early), HasSubstr("it does not support streaming, but gave a batch before"));
  TestModule endless = TestModule::accumulating("test");
  endless.finalize = "(i32.const 1)";
  EXPECT_THAT(reason(endless), HasSubstr("m3u_finalize: m3u_finalize gave 1"));
  EXPECT_THAT(reason(failing_after(TestModule::accumulating("test"), 3, "(unreachable)")),
              AllOf(HasSubstr("plugin test in data_mapping, m3u_finalize: it gave up"),
                    HasSubstr("on_failure = \"native\"")));
}

TEST_F(PluginFailures, OfTheTextOfThePlaylistLosesAndDoublesNothing) {
  for (const TestModule& module : {TestModule{}, TestModule::accumulating("test")}) {
    for (int chunk = 1; chunk <= 4; ++chunk) {
      TestModule failing = failing_at(module, chunk, "(unreachable)");
      failing.stages = "m3u_generation";
      install(failing, "on_failure = \"native\"");
      EXPECT_TRUE(same_as_native("text").degraded) << chunk;
    }
  }
  for (int given = 0; given <= 4; ++given) {
    TestModule failing = failing_after(TestModule::accumulating("test"), given, "(unreachable)");
    failing.stages = "m3u_generation";
    install(failing, "on_failure = \"native\"");
    EXPECT_TRUE(same_as_native("text").degraded) << given;
  }
}

TEST_F(PluginFailures, OfChannelNumberingKeepsTheNumbers) {
  for (const std::string_view position : {"before", "after"}) {
    for (const TestModule& module : {TestModule{}, TestModule::accumulating("test")}) {
      for (int chunk = 1; chunk <= 4; ++chunk) {
        TestModule failing = failing_at(module, chunk, "(unreachable)");
        failing.stages = "channel_numbering";
        install(failing, fmt::format("position = \"{}\"\non_failure = \"native\"", position));
        EXPECT_TRUE(same_as_native(position).degraded) << chunk;
      }
    }
  }
}

TEST_F(PluginFailures, OfTheGuideLosesAndDoublesNoProgramme) {
  add_guide("tv", 3000, 3500);
  ASSERT_TRUE(run());
  const std::string expected = guide_text();
  const auto check = [&](TestModule failing, int at) {
    failing.stages = "epg";
    install(failing, "on_failure = \"native\"");
    use_plugins();
    const auto stats = run();
    ASSERT_TRUE(stats) << to_string(stats.error());
    EXPECT_TRUE(guide_text() == expected) << at;
    EXPECT_TRUE(stats->degraded) << at;
  };
  for (int chunk = 1; chunk <= 3; ++chunk) {
    check(failing_at({}, chunk, "(unreachable)"), chunk);
    check(failing_at(TestModule::accumulating("test"), chunk, "(unreachable)"), chunk);
    check(failing_after(TestModule::accumulating("test"), chunk - 1, "(unreachable)"), chunk);
  }
}

}  // namespace
}  // namespace m3u_proxy::plugin_host
