// Which plugins are where in a generation.
#include <m3u_proxy/plugin_host/generation_testing.hpp>

namespace m3u_proxy::plugin_host {
namespace {

using memory::MemoryPressureLevel;
using pipeline::SelectionCriteria;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PluginRunTest : public GenerationWithPlugins {
 protected:
  void SetUp() override { add_source("tv", playlist("tv", 100)); }
  generation::GenerationStats good_run(MemoryPressureLevel level = MemoryPressureLevel::kOptimal) {
    use_plugins();
    const auto stats = run(level);
    EXPECT_TRUE(stats) << to_string(stats.error());
    return stats ? *stats : generation::GenerationStats{};
  }
  /// What did the stage's work, in order.
  static std::string strategy(const generation::GenerationStats& stats, std::string_view stage) {
    for (const generation::StageStats& one : stats.stages)
      if (one.name == stage) return one.strategy;
    return "no such stage";
  }
  std::string mapped_by(MemoryPressureLevel level = MemoryPressureLevel::kOptimal) {
    return strategy(good_run(level), "Data Mapping");
  }
  std::string error() {
    use_plugins();
    const auto stats = run();
    return stats ? "no error" : to_string(stats.error());
  }
};

constexpr std::string_view kBefore = "position = \"before\"";
constexpr std::string_view kAfter = "position = \"after\"";
constexpr std::string_view kInstead = "position = \"instead\"";
constexpr std::string_view kEquivalent = "position = \"instead\"\nequivalent_to = \"native\"";

TEST_F(PluginRunTest, ThoseBeforeAndAfterStandAroundTheNativeStrategyByName) {
  for (const char* const name : {"z", "b"}) install({.name = name}, kAfter);
  for (const char* const name : {"y", "a"}) install({.name = name}, kBefore);
  EXPECT_EQ(mapped_by(), "a+y+standard+b+z");
}

TEST_F(PluginRunTest, TheOrderOfTheConfigurationComesBeforeThatOfTheNames) {
  for (const char* const name : {"a", "b", "c", "d"}) install({.name = name}, kAfter);
  settings_.order[static_cast<std::size_t>(plugins::PluginStage::kDataMapping)] = {"d", "missing",
                                                                                   "b"};
  EXPECT_EQ(mapped_by(), "standard+d+b+a+c");
}

TEST_F(PluginRunTest, APluginWorksInEachOfItsStagesAndInNoOther) {
  install({.stages = "data_mapping,channel_numbering"}, kAfter);
  const auto stats = good_run();
  EXPECT_EQ(strategy(stats, "Data Mapping"), "standard+test");
  EXPECT_EQ(strategy(stats, "Filtering"), "standard");
  EXPECT_EQ(strategy(stats, "Channel Numbering"), "standard+test");
  EXPECT_THAT(stats.plugins, SizeIs(2));
}

TEST_F(PluginRunTest, OneThatStandsInsteadTakesTheNativeStrategysPlace) {
  install({}, kInstead);
  EXPECT_EQ(mapped_by(), "test");
  EXPECT_EQ(mapped_by(MemoryPressureLevel::kEmergency), "test");
}

TEST_F(PluginRunTest, TwoThatStandInsteadOfOneStageAreAnError) {
  install({.name = "one"}, kInstead);
  install({.name = "two"}, kInstead);
  EXPECT_THAT(error(), AllOf(HasSubstr("the plugins one and two both want to replace "
                                       "data_mapping"),
                             HasSubstr("enabled = false")));
}

TEST_F(PluginRunTest, TwoThatGiveTheSameAreNoErrorAndOneIsChosen) {
  install({.name = "one"}, kEquivalent);
  install({.name = "two"}, kEquivalent);
  const auto stats = good_run();
  EXPECT_EQ(strategy(stats, "Data Mapping"), "one");
  ASSERT_THAT(stats.plugins, SizeIs(2));
  EXPECT_EQ(stats.plugins[0].name, "one");
  EXPECT_EQ(stats.plugins[0].decision, "one: configured");
  EXPECT_EQ(stats.plugins[1].name, "two");
  EXPECT_EQ(stats.plugins[1].chunks, 0U);
}

TEST_F(PluginRunTest, UnderPressureTheStrategyIsOneThatHandlesIt) {
  TestModule accumulating = TestModule::accumulating("accumulating");
  accumulating.compression = true;
  install(accumulating, kEquivalent);
  install({.name = "streaming"}, kEquivalent);
  EXPECT_EQ(mapped_by(MemoryPressureLevel::kOptimal), "accumulating");
  EXPECT_EQ(mapped_by(MemoryPressureLevel::kModerate), "accumulating");
  EXPECT_EQ(mapped_by(MemoryPressureLevel::kHigh), "streaming");
  EXPECT_EQ(mapped_by(MemoryPressureLevel::kCritical), "accumulating");
  EXPECT_EQ(mapped_by(MemoryPressureLevel::kEmergency), "standard");
}

TEST_F(PluginRunTest, WhoNeitherStreamsNorCompressesGivesWayToTheNativeStrategyUnderPressure) {
  install(TestModule::accumulating("plain"), kEquivalent);
  EXPECT_EQ(mapped_by(MemoryPressureLevel::kModerate), "plain");
  EXPECT_EQ(mapped_by(MemoryPressureLevel::kHigh), "standard");
  const auto stats = good_run(MemoryPressureLevel::kCritical);
  EXPECT_EQ(strategy(stats, "Data Mapping"), "standard");
  ASSERT_THAT(stats.plugins, SizeIs(1));
  EXPECT_THAT(stats.plugins[0].decision, HasSubstr("at Critical"));
  EXPECT_FALSE(stats.degraded);
}

TEST_F(PluginRunTest, TheCriteriaAreTheOperators) {
  install({.name = "large", .max_heap_mb = 32}, kEquivalent);
  install({.name = "small", .max_heap_mb = 4}, kEquivalent);
  EXPECT_EQ(mapped_by(), "large");
  settings_.selection_criteria = SelectionCriteria::kFastest;
  EXPECT_EQ(mapped_by(), "standard");
  settings_.selection_criteria = SelectionCriteria::kMemoryEfficient;
  EXPECT_EQ(mapped_by(), "standard");
}

TEST_F(PluginRunTest, StreamingPluginsComeFirstWhereTheyArePreferred) {
  install(TestModule::accumulating("a"), kEquivalent);
  install({.name = "b"}, kEquivalent);
  EXPECT_EQ(mapped_by(), "a");
  settings_.prefer_streaming_plugins = true;
  EXPECT_EQ(mapped_by(), "b");
}

TEST_F(PluginRunTest, APluginIsToldOfPressureAndItsAnswerIsReported) {
  install({.pressure = "(i32.lt_u (local.get $level) (i32.const 4))"}, kAfter);
  EXPECT_THAT(good_run().plugins.at(0).pressure_answers, IsEmpty());
  EXPECT_THAT(good_run(MemoryPressureLevel::kCritical).plugins.at(0).pressure_answers,
              ElementsAre(std::pair<const std::string, bool>("Critical", true)));
  EXPECT_THAT(good_run(MemoryPressureLevel::kEmergency).plugins.at(0).pressure_answers,
              ElementsAre(std::pair<const std::string, bool>("Emergency", false)));
}

TEST_F(PluginRunTest, AManifestThatCannotBeReadEndsTheGeneration) {
  write_file(folder_ / "plugins/bad.toml", "[plugin\n");
  EXPECT_THAT(error(), HasSubstr("bad.toml:1:"));
  EXPECT_FALSE(std::filesystem::exists(outputs_.playlist));
}

TEST_F(PluginRunTest, WithFallbackToNativeAManifestThatCannotBeReadIsReported) {
  settings_.fallback_to_native = true;
  write_file(folder_ / "plugins/bad.toml", "[plugin\n");
  const auto stats = good_run();
  EXPECT_TRUE(stats.degraded);
  EXPECT_EQ(stats.channels, 100U);
  ASSERT_THAT(stats.plugins, SizeIs(1));
  EXPECT_EQ(stats.plugins[0].name, "bad.toml");
  EXPECT_THAT(stats.plugins[0].last_failure, HasSubstr("bad.toml:1:"));
}

TEST_F(PluginRunTest, AModuleThatCannotBeLoadedIsTreatedAsItsManifestSays) {
  install({}, "on_failure = \"native\"");
  write_file(folder_ / "plugins/test.wat", "(module)");
  EXPECT_TRUE(good_run().degraded);
  install({}, "on_failure = \"fail\"");
  write_file(folder_ / "plugins/test.wat", "(module)");
  EXPECT_THAT(error(), HasSubstr("it does not export its memory"));
}

TEST_F(PluginRunTest, EachMisbehavingPluginEndsTheGenerationOrIsReplaced) {
  for (const char* const name :
       {"alloc_null", "alloc_outside", "alloc_over_the_end", "alloc_unaligned", "bad_frame",
        "bad_info", "done_too_early", "lies_about_sizes", "missing_export", "never_done",
        "other_name", "recursion", "refuse", "trap", "unknown_import", "unknown_result",
        "wrong_abi", "wrong_signature"}) {
    std::filesystem::remove_all(folder_ / "plugins");
    std::filesystem::create_directory(folder_ / "plugins");
    for (const std::string_view ending : {".wat", ".toml"})
      std::filesystem::copy_file(misbehaving(name + std::string(ending)),
                                 folder_ / ("plugins/" + std::string(name).append(ending)));
    settings_.plugins = {{.name = name, .on_failure = plugins::OnFailure::kFail}};
    settings_.plugins.push_back({.name = "somebody_else", .on_failure = plugins::OnFailure::kFail});
    write_file(outputs_.playlist, "#EXTM3U\n");
    EXPECT_NE(error(), "no error") << name;
    EXPECT_EQ(playlist_text(), "#EXTM3U\n") << name;
    for (plugins::PluginOverride& said : settings_.plugins)
      said.on_failure = plugins::OnFailure::kNative;
    settings_.fallback_to_native = true;
    const auto stats = good_run();
    EXPECT_TRUE(stats.degraded) << name;
    EXPECT_EQ(stats.channels, 100U) << name;
    settings_.fallback_to_native = false;
  }
}

}  // namespace
}  // namespace m3u_proxy::plugin_host
