// What the host keeps over several generations: plugins, their instances, their failures.
#include <chrono>
#include <fstream>

#include <m3u_proxy/plugin_host/generation_testing.hpp>

namespace m3u_proxy::plugin_host {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PluginHostTest : public GenerationWithPlugins {
 protected:
  void SetUp() override { add_source("tv", playlist("tv", 1500)); }
  /// As somebody who edits a file does it: some time later.
  void install_later(const TestModule& module, std::string_view capabilities,
                     std::string_view more = {}) {
    install(module, capabilities, more);
    time_ += std::chrono::seconds(10);
    for (const std::string_view ending : {".wat", ".toml"}) {
      const auto file = folder_ / ("plugins/" + module.name + std::string(ending));
      std::filesystem::last_write_time(file, std::filesystem::last_write_time(file) + time_);
    }
  }
  generation::GenerationStats good_run() {
    const auto stats = run();
    EXPECT_TRUE(stats) << to_string(stats.error());
    return stats ? *stats : generation::GenerationStats{};
  }
  [[nodiscard]] Bytes plugin_memory() const { return budget_.used(memory::Tag::kPlugin); }

  std::chrono::seconds time_{};
};

constexpr std::string_view kAfter = "position = \"after\"\non_failure = \"native\"";
/// Fails at each chunk unless the number in its configuration is 0.
constexpr std::string_view kFailsWhenTold =
    "(if (global.get $number) (then (return (call $fail))))"
    "(return (call $give_back (local.get $in) (local.get $size)))";

TEST_F(PluginHostTest, AFolderThatIsMissingIsNamedWithItsRemedy) {
  settings_.plugin_directory = (folder_ / "nowhere").string();
  const auto found = use_plugins().refresh();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(to_string(found.error()), HasSubstr("wasm_plugins.plugin_directory"));
}

TEST_F(PluginHostTest, APluginThatChangesIsLoadedAgainAndOneThatVanishesGoes) {
  install({}, kAfter);
  use_plugins();
  EXPECT_EQ(good_run().plugins.at(0).version, "1.0.0");
  const auto old = host_->plugins().at("test").plugin;
  EXPECT_EQ(good_run().plugins.at(0).version, "1.0.0");
  EXPECT_EQ(host_->plugins().at("test").plugin, old);
  install_later({.version = "2.0.0"}, kAfter);
  EXPECT_EQ(good_run().plugins.at(0).version, "2.0.0");
  EXPECT_NE(host_->plugins().at("test").plugin->content_key(), old->content_key());
  std::filesystem::remove(folder_ / "plugins/test.toml");
  EXPECT_THAT(good_run().plugins, IsEmpty());
  EXPECT_EQ(plugin_memory(), Bytes{});
}

TEST_F(PluginHostTest, OneThatIsParallelCannotAccumulate) {
  install(TestModule::accumulating("test"), "position = \"after\"\nparallel = true");
  ASSERT_TRUE(use_plugins().refresh());
  ASSERT_EQ(host_->unusable().size(), 1U);
  EXPECT_THAT(host_->unusable().begin()->second.error.message,
              HasSubstr("m3u_finalize gives nothing"));
}

TEST_F(PluginHostTest, WithoutHotReloadAPluginStaysAsItWas) {
  settings_.enable_hot_reload = false;
  install({}, kAfter);
  use_plugins();
  EXPECT_EQ(good_run().plugins.at(0).version, "1.0.0");
  install_later({.version = "2.0.0"}, kAfter);
  EXPECT_EQ(good_run().plugins.at(0).version, "1.0.0");
}

TEST_F(PluginHostTest, AChangeThatCannotBeLoadedLeavesWhatThereWas) {
  install({}, kAfter);
  use_plugins();
  good_run();
  const auto old = host_->plugins().at("test").plugin;
  install_later({.process = "(no such word)", .version = "2.0.0"}, kAfter);
  EXPECT_EQ(good_run().plugins.at(0).version, "1.0.0");
  EXPECT_EQ(host_->plugins().at("test").plugin, old);
  EXPECT_THAT(host_->unusable(), IsEmpty());
  const auto views = host_->views();
  ASSERT_THAT(views, SizeIs(1));
  EXPECT_EQ(views[0].state, plugins::PluginState::kReady);
  EXPECT_THAT(views[0].error, HasSubstr("test.wat"));
  install_later({.version = "3.0.0"}, kAfter);
  EXPECT_EQ(good_run().plugins.at(0).version, "3.0.0");
  EXPECT_EQ(host_->views().at(0).error, "");
}

TEST_F(PluginHostTest, AReloadLooksAtAllFilesAndSaysWhatCameOfIt) {
  settings_.enable_hot_reload = false;
  settings_.plugins = {{.name = "off", .enabled = false}};
  install({.name = "same"}, kAfter);
  install({.name = "old"}, kAfter);
  install({.name = "off"}, kAfter);
  ASSERT_TRUE(use_plugins().refresh());
  install_later({.name = "old", .version = "2.0.0"}, kAfter);
  install({.name = "new"}, kAfter);
  install({.name = "bad", .process = "(no such word)"}, kAfter);
  const auto done = host_->reload();
  ASSERT_TRUE(done) << to_string(done.error());
  EXPECT_THAT(done->loaded, ::testing::ElementsAre("new", "old"));
  EXPECT_THAT(done->unchanged, ::testing::ElementsAre("same"));
  ASSERT_THAT(done->failed, SizeIs(1));
  EXPECT_EQ(done->failed[0].file, "bad.toml");
  EXPECT_FALSE(done->failed[0].kept);
  std::vector<std::pair<std::string, std::string_view>> states;
  for (const auto& view : host_->views()) states.emplace_back(view.name, to_string(view.state));
  EXPECT_THAT(states,
              ::testing::ElementsAre(std::pair("bad", "unusable"), std::pair("new", "ready"),
                                     std::pair("off", "disabled"), std::pair("old", "ready"),
                                     std::pair("same", "ready")));
  std::filesystem::remove(folder_ / "plugins/new.toml");
  EXPECT_THAT(host_->reload()->removed, ::testing::ElementsAre("new"));
}

TEST_F(PluginHostTest, APlannedReloadSaysWhatTheReloadThenDoesAndDoesNothing) {
  settings_.enable_hot_reload = false;
  settings_.plugins = {{.name = "off", .enabled = false}};
  for (const char* const name : {"gone", "same", "old", "broken", "off"})
    install({.name = name}, kAfter);
  ASSERT_TRUE(use_plugins().refresh());
  const auto kept = host_->plan_reload();
  ASSERT_TRUE(kept) << to_string(kept.error());
  EXPECT_THAT(kept->outcome.unchanged, ::testing::ElementsAre("broken", "gone", "old", "same"));
  EXPECT_THAT(kept->changed_files, IsEmpty());
  EXPECT_EQ(kept->dropped.instances, 4U);
  EXPECT_GT(kept->dropped.memory, Bytes{});
  install_later({.name = "old", .version = "2.0.0"}, kAfter);
  install({.name = "new"}, kAfter);
  std::filesystem::remove(folder_ / "plugins/gone.toml");
  std::filesystem::remove(folder_ / "plugins/broken.wat");
  std::ofstream(folder_ / "plugins/unreadable.toml") << "[plugin";
  const Bytes before = plugin_memory();
  const auto planned = host_->plan_reload();
  ASSERT_TRUE(planned) << to_string(planned.error());
  EXPECT_THAT(planned->changed_files,
              ::testing::ElementsAre("broken.wat", "new.toml", "new.wat", "old.toml", "old.wat",
                                     "unreadable.toml"));
  EXPECT_EQ(planned->dropped.instances, 4U);
  EXPECT_EQ(plugin_memory(), before);
  EXPECT_EQ(host_->plugins().at("old").plugin->manifest().version, "1.0.0");
  const auto done = host_->reload();
  ASSERT_TRUE(done) << to_string(done.error());
  EXPECT_EQ(planned->outcome.loaded, done->loaded);
  EXPECT_THAT(done->loaded, ::testing::ElementsAre("new", "old"));
  EXPECT_EQ(planned->outcome.removed, done->removed);
  EXPECT_THAT(done->removed, ::testing::ElementsAre("gone"));
  EXPECT_EQ(planned->outcome.unchanged, done->unchanged);
  ASSERT_THAT(planned->outcome.failed, SizeIs(2));
  ASSERT_THAT(done->failed, SizeIs(2));
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(planned->outcome.failed[i].file, done->failed[i].file);
    EXPECT_EQ(planned->outcome.failed[i].message, done->failed[i].message);
    EXPECT_EQ(planned->outcome.failed[i].kept, done->failed[i].kept);
  }
}

TEST_F(PluginHostTest, ANameThatAnotherPluginHasIsNotPlannedToBeLoaded) {
  install({.name = "first"}, kAfter);
  ASSERT_TRUE(use_plugins().refresh());
  std::filesystem::copy_file(folder_ / "plugins/first.toml", folder_ / "plugins/second.toml");
  const auto planned = host_->plan_reload();
  ASSERT_TRUE(planned) << to_string(planned.error());
  EXPECT_THAT(planned->outcome.unchanged, ::testing::ElementsAre("first"));
  ASSERT_THAT(planned->outcome.failed, SizeIs(1));
  EXPECT_THAT(planned->outcome.failed[0].message, HasSubstr("another plugin called \"first\""));
}

TEST_F(PluginHostTest, WhatAClearedPluginLeavesBehindIsCounted) {
  install({.name = "test"}, kAfter);
  use_plugins();
  good_run();
  const auto left = host_->leavings("test");
  EXPECT_GE(left.instances, 1U);
  EXPECT_EQ(left.memory, host_->memory_usage().held);
  EXPECT_GT(left.compiled, Bytes{});
  const auto none = host_->leavings("nothing");
  EXPECT_EQ(none.instances, 0U);
  EXPECT_EQ(none.compiled, Bytes{});
}

TEST_F(PluginHostTest, WhatAPluginTookIsSummedUpByStage) {
  install({}, kAfter);
  use_plugins();
  good_run();
  good_run();
  const auto profile = host_->views().at(0).profile;
  ASSERT_THAT(profile, SizeIs(1));
  EXPECT_EQ(profile[0].stage, "data_mapping");
  EXPECT_EQ(profile[0].generations, 2U);
  EXPECT_EQ(profile[0].calls, 4U);  // chunks of 1000
  EXPECT_EQ(profile[0].items_in, 3000U);
  EXPECT_GT(profile[0].peak_mb, 0);
  ASSERT_TRUE(host_->clear("test"));
  EXPECT_THAT(host_->views().at(0).profile, IsEmpty());
  EXPECT_EQ(host_->clear("other").error().code, ErrorCode::kNotFound);
}

TEST_F(PluginHostTest, AGenerationUnderWayEndsWithThePluginThatItBeganWith) {
  install({}, kAfter);
  use_plugins();
  config_.sources[0].open = [this]() -> Result<std::unique_ptr<io::ByteSource>> {
    install_later({.version = "2.0.0"}, kAfter);
    M3U_CHECK(host_->refresh());
    return std::make_unique<formats::TextSource>(playlist("tv", 1500));
  };
  EXPECT_EQ(good_run().plugins.at(0).version, "1.0.0");
  EXPECT_EQ(host_->plugins().at("test").plugin->manifest().version, "2.0.0");
}

TEST_F(PluginHostTest, AConfigurationThatChangesHoldsFromTheNextGenerationOn) {
  const TestModule module{.process = std::string(kFailsWhenTold)};
  install(module, kAfter, "[config]\nfail = 1");
  use_plugins();
  EXPECT_TRUE(good_run().degraded);
  install_later(module, kAfter, "[config]\nfail = 0");
  EXPECT_FALSE(good_run().degraded);
}

TEST_F(PluginHostTest, TheOperatorsConfigurationTakesThePlaceOfTheManifests) {
  install({.process = std::string(kFailsWhenTold)}, kAfter, "[config]\nfail = 0");
  settings_.plugins = {{.name = "test", .config_json = R"({"fail":1})"}};
  use_plugins();
  EXPECT_TRUE(good_run().degraded);
}

TEST_F(PluginHostTest, APluginThatTheOperatorDisablesDoesNotRun) {
  install({.process = "(unreachable)"}, "position = \"after\"");
  settings_.plugins = {{.name = "test", .enabled = false}};
  use_plugins();
  EXPECT_THAT(good_run().plugins, IsEmpty());
}

TEST_F(PluginHostTest, PermissionsAreWhatThePluginAsksForAndTheOperatorAllows) {
  install({}, kAfter, "[permissions]\nneeds = [\"log\", \"clock\", \"temp_files\"]");
  ASSERT_TRUE(use_plugins().refresh());
  const plugins::Manifest manifest = host_->plugins().at("test").plugin->manifest();
  plugins::Permissions expected;
  expected.add(plugins::Permission::kLog);
  expected.add(plugins::Permission::kTempFiles);
  EXPECT_EQ(host_->permissions_of(manifest), expected);
  plugins::Permissions clock;
  clock.add(plugins::Permission::kClock);
  settings_.plugins = {{.name = "test", .allow = clock}};
  EXPECT_EQ(use_plugins().permissions_of(manifest), clock);
}

TEST_F(PluginHostTest, EachCleanupDropsTheInstancesThatItsStrategySays) {
  install({}, kAfter);
  use_plugins();
  good_run();
  ASSERT_GT(plugin_memory(), Bytes{});
  EXPECT_EQ(host_->memory_usage().held, plugin_memory());
  EXPECT_EQ(host_->basic_cleanup(), 0U);
  EXPECT_EQ(host_->smart_cleanup(), 0U);
  const auto without_it = host_->begin_run();
  EXPECT_EQ(host_->smart_cleanup(), 0U);  // it may take it still
  const auto the_next = host_->begin_run();
  EXPECT_EQ(host_->memory_usage().unused, plugin_memory());
  EXPECT_GT(host_->smart_cleanup(), 0U);
  EXPECT_EQ(plugin_memory(), Bytes{});
  good_run();
  EXPECT_GT(host_->aggressive_cleanup(), 0U);
  EXPECT_EQ(plugin_memory(), Bytes{});
}

TEST_F(PluginHostTest, InstancesAreKeptForTheNextGeneration) {
  install({}, kAfter);
  use_plugins();
  good_run();
  const Bytes kept = plugin_memory();
  EXPECT_GT(kept, Bytes{});
  good_run();
  EXPECT_EQ(plugin_memory(), kept);
  host_.reset();
  EXPECT_EQ(plugin_memory(), Bytes{});
}

TEST_F(PluginHostTest, InstancesThatNobodyUsesGiveWayWhenMemoryIsShort) {
  install({}, kAfter);
  use_plugins();
  good_run();
  ASSERT_GT(plugin_memory(), Bytes{});
  // So much that it does not help to trim the pool.
  slabs_.trim();
  budget_.set_limit(budget_.used() + mib(1));
  EXPECT_TRUE(budget_.reserve(memory::Tag::kSpool, mib(1) + Bytes{65536}));
  EXPECT_EQ(plugin_memory(), Bytes{});
  budget_.set_limit(mib(1024));
  EXPECT_EQ(good_run().channels, 1500U);
}

TEST_F(PluginHostTest, AnInstanceWhoseMemoryGrowsOverGenerationsIsReplacedAndTold) {
  leak_threshold_mb_ = 2.5;
  std::filesystem::copy_file(misbehaving("leak.wat"), folder_ / "plugins/leak.wat");
  std::filesystem::copy_file(misbehaving("leak.toml"), folder_ / "plugins/leak.toml");
  use_plugins();
  good_run();
  const Bytes first = plugin_memory();
  good_run();
  good_run();
  EXPECT_EQ(plugin_memory(), first + mib(2));
  EXPECT_THAT(host_->take_growth(), IsEmpty());
  good_run();
  const auto growth = host_->take_growth();
  ASSERT_THAT(growth, SizeIs(1));
  EXPECT_EQ(growth[0].plugin, "leak");
  EXPECT_EQ(growth[0].grown_mb, 3.0);
  EXPECT_EQ(plugin_memory(), Bytes{});
  good_run();
  EXPECT_EQ(plugin_memory(), first);
}

TEST_F(PluginHostTest, AnInstanceThatTrapsInItsCleanupIsNotUsedAgain) {
  install({.cleanup = "(unreachable)"}, kAfter);
  use_plugins();
  EXPECT_FALSE(good_run().degraded);
  EXPECT_EQ(plugin_memory(), Bytes{});
  EXPECT_FALSE(good_run().degraded);
}

TEST_F(PluginHostTest, AModuleThatIsNotWhatItsManifestSaysCannotBeLoaded) {
  install({.name = "good"}, kAfter);
  TestModule other{.name = "other"};
  install(other, kAfter);
  other.version = "3";
  write_file(folder_ / "plugins/other.wat", other.text());
  TestModule large{.name = "large"};
  install(large, kAfter);
  ASSERT_TRUE(use_plugins().refresh());
  EXPECT_THAT(host_->plugins(), SizeIs(2));
  EXPECT_THAT(host_->unusable().at("other.toml").error.message,
              HasSubstr("the module calls itself other 3, its manifest other 1.0.0"));
}

TEST_F(PluginHostTest, OfTwoPluginsWithOneNameTheSecondCannotBeLoaded) {
  install({}, kAfter);
  std::filesystem::copy_file(folder_ / "plugins/test.toml", folder_ / "plugins/zweite.toml");
  ASSERT_TRUE(use_plugins().refresh());
  EXPECT_THAT(host_->plugins(), SizeIs(1));
  EXPECT_THAT(host_->unusable().at("zweite.toml").error.message,
              HasSubstr("there is another plugin called \"test\""));
}

TEST_F(PluginHostTest, WhoFailsTooOftenIsInQuarantineUntilItsFileChanges) {
  settings_.max_plugin_failures = 3;
  const TestModule failing{.process = "(return (call $fail))"};
  install(failing, kAfter);
  use_plugins();
  EXPECT_EQ(good_run().plugins.at(0).failures, 2U);  // one a chunk
  EXPECT_EQ(good_run().plugins.at(0).failures, 2U);
  const auto stats = good_run();
  EXPECT_TRUE(stats.degraded);
  EXPECT_EQ(stats.plugins.at(0).chunks, 0U);
  EXPECT_EQ(stats.plugins.at(0).decision, "in quarantine");
  EXPECT_EQ(stats.plugins.at(0).last_failure, "this is not to my taste");
  EXPECT_EQ(stats.channels, 1500U);
  use_plugins();  // as another process
  EXPECT_EQ(good_run().plugins.at(0).decision, "in quarantine");
  install_later({.version = "2.0.0"}, kAfter);
  const auto mended = good_run();
  EXPECT_FALSE(mended.degraded);
  EXPECT_EQ(mended.plugins.at(0).chunks, 2U);
  EXPECT_THAT(host_->quarantine().records(), IsEmpty());
}

TEST_F(PluginHostTest, WhoIsInQuarantineAndMayNotBeReplacedEndsTheGenerationWithTheRemedy) {
  settings_.max_plugin_failures = 1;
  install({.process = "(unreachable)"}, "position = \"after\"");
  use_plugins();
  ASSERT_FALSE(run());
  const auto stats = run();
  ASSERT_FALSE(stats);
  EXPECT_THAT(to_string(stats.error()),
              HasSubstr("plugin test is in quarantine after 1 failures, the last: it gave up"));
  EXPECT_THAT(to_string(stats.error()), HasSubstr("`m3u-proxy plugin clear test`"));
}

TEST_F(PluginHostTest, WhomAnOperatorClearsRunsAgain) {
  settings_.max_plugin_failures = 1;
  install({.process = "(return (call $fail))"}, kAfter);
  use_plugins();
  good_run();
  ASSERT_EQ(good_run().plugins.at(0).decision, "in quarantine");
  const auto file = std::filesystem::path(settings_.cache_directory) / "quarantine.json";
  ASSERT_TRUE(Quarantine(file, 1).clear("test").value_or(false));
  std::filesystem::last_write_time(
      file, std::filesystem::last_write_time(file) + std::chrono::seconds(2));
  EXPECT_EQ(good_run().plugins.at(0).chunks, 2U);
}

TEST_F(PluginHostTest, AFailureInOneOfItsStagesCountsThoughTheOthersGoWell) {
  settings_.max_plugin_failures = 4;
  TestModule module{.stages = "data_mapping,filtering"};
  // The name of the stage begins with a d.
  module.begin =
      "(global.set $number (i32.eq (i32.load8_u (local.get $stage)) (i32.const 100)))"
      "(i32.const 0)";
  module.process = kFailsWhenTold;
  install(module, kAfter);
  use_plugins();
  good_run();
  EXPECT_EQ(host_->quarantine().records().at("test").failures, 2U);
  good_run();
  EXPECT_EQ(good_run().plugins.at(0).decision, "in quarantine");
}

}  // namespace
}  // namespace m3u_proxy::plugin_host
