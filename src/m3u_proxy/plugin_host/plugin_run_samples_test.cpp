// The sample plugins of sdk/ and the deduplicators of bench/ at each level of memory pressure: it
// changes how they keep what they have taken, never what comes out. Skipped where sdk/build.sh has
// not built them.
#include <m3u_proxy/plugin_host/generation_testing.hpp>

namespace m3u_proxy::plugin_host {
namespace {

using memory::MemoryPressureLevel;

class SamplePlugins : public GenerationWithPlugins {
 protected:
  /// False when it is not built.
  bool install_sample(const std::string& name) {
    const std::filesystem::path built = M3U_PROXY_PLUGINS;
    if (!std::filesystem::exists(built / (name + ".wasm"))) return false;
    for (const std::string_view ending : {".wasm", ".toml"})
      std::filesystem::copy_file(built / (name + std::string(ending)),
                                 folder_ / ("plugins/" + name + std::string(ending)));
    return true;
  }
  std::string playlist_at(MemoryPressureLevel level) {
    use_plugins();
    const auto stats = run(level);
    EXPECT_TRUE(stats) << to_string(stats.error());
    if (stats) stats_ = *stats;
    return stats ? playlist_text() : std::string();
  }
  /// Of a deduplicator. Its memory when it has spilled, in MB.
  double expect_the_same_at_each_level() {
    add_source("tv", playlist("tv", 30'000));
    add_source("again", playlist("tv", 20'000));
    add_source("radio", playlist("radio", 10'000));
    const std::string expected = playlist_at(MemoryPressureLevel::kOptimal);
    EXPECT_EQ(stats_.channels, 40'000U);
    const double plain_mb = stats_.plugins.at(0).peak_memory_mb;
    EXPECT_TRUE(playlist_at(MemoryPressureLevel::kCritical) == expected);
    EXPECT_EQ(stats_.plugins.at(0).pressure_answers.at("Critical"), true);
    const double compressed_mb = stats_.plugins.at(0).peak_memory_mb;
    EXPECT_TRUE(playlist_at(MemoryPressureLevel::kEmergency) == expected);
    EXPECT_EQ(stats_.plugins.at(0).pressure_answers.at("Emergency"), true);
    const double spilled_mb = stats_.plugins.at(0).peak_memory_mb;
    EXPECT_LT(compressed_mb, plain_mb);
    EXPECT_LT(spilled_mb, compressed_mb);
    EXPECT_EQ(spill_.stats().live, 0U);
    return spilled_mb;
  }

  generation::GenerationStats stats_;
};

TEST_F(SamplePlugins, TheDeduplicatorGivesTheSameAtEachLevelOfPressure) {
  if (!install_sample("deduplicator")) GTEST_SKIP() << "it is not built";
  expect_the_same_at_each_level();
}

TEST_F(SamplePlugins, TheTunedDeduplicatorDoesSoToo) {
  if (!install_sample("tuned_deduplicator")) GTEST_SKIP() << "it is not built";
  EXPECT_LE(expect_the_same_at_each_level(), 10);
}

TEST_F(SamplePlugins, APassthroughChangesNothingInAnyStage) {
  if (!install_sample("passthrough")) GTEST_SKIP() << "it is not built";
  add_source("tv", playlist("tv", 3000));
  add_guide("tv", 1000, 2500);
  ASSERT_TRUE(run());
  const std::string expected = playlist_text();
  const std::string expected_guide = guide_text();
  for (const auto level : {MemoryPressureLevel::kOptimal, MemoryPressureLevel::kEmergency}) {
    EXPECT_TRUE(playlist_at(level) == expected);
    EXPECT_TRUE(guide_text() == expected_guide);
    EXPECT_EQ(stats_.plugins.size(), 5U);
    EXPECT_FALSE(stats_.degraded);
  }
}

}  // namespace
}  // namespace m3u_proxy::plugin_host
