#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/config/config_sections.hpp>
#include <m3u_proxy/config/load_configuration.hpp>

namespace m3u_proxy::config {
namespace {

using pipeline::SelectionCriteria;
using plugins::OnFailure;
using plugins::Permission;
using plugins::PluginSettings;
using plugins::PluginStage;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

LoadedConfiguration load(std::string_view text, const Environment& environment = {}) {
  return load_configuration(
      ConfigDocument{.text = std::string(text), .file = "f.toml", .folder = "/etc/m3u"},
      environment, {});
}

PluginSettings settings(std::string_view text) {
  LoadedConfiguration loaded = load(text);
  for (const ConfigProblem& problem : loaded.problems) ADD_FAILURE() << to_string(problem);
  return std::move(loaded.configuration.wasm_plugins);
}

std::vector<std::string> problems(std::string_view text) {
  std::vector<std::string> out;
  for (const ConfigProblem& problem : load(text).problems) out.push_back(to_string(problem));
  return out;
}

TEST(PluginSection, HasTheDocumentedDefaults) {
  const PluginSettings s = settings("");
  EXPECT_FALSE(s.enabled);
  EXPECT_EQ(s.plugin_directory, "/etc/m3u/plugins");
  EXPECT_EQ(s.max_memory_per_plugin, 64U);
  EXPECT_EQ(s.timeout_seconds, 30U);
  EXPECT_EQ(s.chunk_timeout_seconds, 5U);
  EXPECT_EQ(s.max_plugin_failures, 3U);
  EXPECT_TRUE(s.enable_hot_reload);
  EXPECT_EQ(s.max_temp_mb, 1024U);
  EXPECT_EQ(s.selection_criteria, SelectionCriteria::kConfigured);
  EXPECT_FALSE(s.prefer_streaming_plugins);
  EXPECT_FALSE(s.fallback_to_native);
  EXPECT_EQ(s.cache_directory, "");
  EXPECT_EQ(s.allow, plugins::default_permissions());
  EXPECT_THAT(s.plugins, IsEmpty());
}

TEST(PluginSection, ReadsEveryKey) {
  const LoadedConfiguration loaded = load(R"(
[wasm_plugins]
enabled = true
plugin_directory = "wasm"
max_memory_per_plugin = 32
timeout_seconds = 5
chunk_timeout_seconds = 2
max_plugin_failures = 0
enable_hot_reload = false
max_temp_mb = 10
selection_criteria = "memory_efficient"
prefer_streaming_plugins = true
fallback_to_native = true
cache_directory = "/var/cache/m3u"
allow = ["log", "clock"]
order = { data_mapping = ["b", "a"], epg = [] }
[wasm_plugins.plugins.tagger]
enabled = false
on_failure = "native"
allow = []
config = { group = "Sports", from = 2026-01-02 }
[wasm_plugins.plugins."other"]
)");
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_THAT(loaded.configuration.not_acted_on, IsEmpty());
  const PluginSettings& s = loaded.configuration.wasm_plugins;
  EXPECT_TRUE(s.enabled);
  EXPECT_EQ(s.plugin_directory, "/etc/m3u/wasm");
  EXPECT_EQ(s.max_memory_per_plugin, 32U);
  EXPECT_EQ(s.timeout_seconds, 5U);
  EXPECT_EQ(s.chunk_timeout_seconds, 2U);
  EXPECT_EQ(s.max_plugin_failures, 0U);
  EXPECT_FALSE(s.enable_hot_reload);
  EXPECT_EQ(s.max_temp_mb, 10U);
  EXPECT_EQ(s.selection_criteria, SelectionCriteria::kMemoryEfficient);
  EXPECT_TRUE(s.prefer_streaming_plugins);
  EXPECT_TRUE(s.fallback_to_native);
  EXPECT_EQ(s.cache_directory, "/var/cache/m3u");
  EXPECT_TRUE(s.allow.has(Permission::kLog));
  EXPECT_TRUE(s.allow.has(Permission::kClock));
  EXPECT_FALSE(s.allow.has(Permission::kTempFiles));
  EXPECT_THAT(s.order.at(static_cast<std::size_t>(PluginStage::kDataMapping)),
              ElementsAre("b", "a"));
  ASSERT_EQ(s.plugins.size(), 2U);
  EXPECT_EQ(s.plugins[0].name, "tagger");
  EXPECT_FALSE(s.plugins[0].enabled);
  EXPECT_EQ(s.plugins[0].on_failure, OnFailure::kNative);
  EXPECT_EQ(s.plugins[0].allow, plugins::Permissions{});
  EXPECT_EQ(s.plugins[0].config_json, R"({"group":"Sports","from":"2026-01-02"})");
  EXPECT_EQ(s.plugins[1].name, "other");
  EXPECT_TRUE(s.plugins[1].enabled);
  EXPECT_EQ(s.plugins[1].on_failure, std::nullopt);
  EXPECT_EQ(s.plugins[1].allow, std::nullopt);
  EXPECT_EQ(s.plugins[1].config_json, "");
}

TEST(PluginSection, KnowsOlderSpellingsOfTheCriteria) {
  const auto criteria = [](std::string_view word) {
    return settings("[wasm_plugins]\nselection_criteria = '" + std::string(word) + "'")
        .selection_criteria;
  };
  EXPECT_EQ(criteria("MemoryEfficient"), SelectionCriteria::kMemoryEfficient);
  EXPECT_EQ(criteria("Fastest"), SelectionCriteria::kFastest);
  EXPECT_EQ(criteria("fastest"), SelectionCriteria::kFastest);
  EXPECT_EQ(criteria("Configured"), SelectionCriteria::kConfigured);
}

TEST(PluginSection, NamesUnknownKeysStagesAndPermissions) {
  EXPECT_THAT(problems("[wasm_plugins]\nenable = true"),
              ElementsAre("f.toml:2:1: wasm_plugins.enable is not a key (did you mean "
                          "\"enabled\"?)"));
  EXPECT_THAT(problems("[wasm_plugins.order]\ndata_maping = []"),
              ElementsAre("f.toml:2:1: wasm_plugins.order.data_maping is not a key (did you mean "
                          "\"data_mapping\"?)"));
  EXPECT_THAT(problems("[wasm_plugins]\nallow = ['log', 'tempfiles']"),
              ElementsAre("f.toml:2:17: wasm_plugins.allow[2] is \"tempfiles\", expected one of: "
                          "log, memory_usage, memory_pressure, request_cleanup, temp_files, "
                          "record_metric, get_config, clock, random (did you mean "
                          "\"temp_files\"?)"));
  EXPECT_THAT(problems("[wasm_plugins.plugins.a]\non_failure = 'nativ'"),
              ElementsAre("f.toml:2:14: wasm_plugins.plugins.a.on_failure is \"nativ\", expected "
                          "one of: fail, native (did you mean \"native\"?)"));
}

TEST(PluginSection, RefusesWrongTypesAndValues) {
  EXPECT_THAT(problems("[wasm_plugins]\norder = ['a']"),
              ElementsAre("f.toml:2:9: wasm_plugins.order is a list, expected a table such as { "
                          "data_mapping = [\"first\", \"second\"] }"));
  EXPECT_THAT(problems("[wasm_plugins.order]\nepg = ['a', 'a']"),
              ElementsAre("f.toml:2:13: wasm_plugins.order.epg lists \"a\" twice"));
  EXPECT_THAT(problems("[wasm_plugins]\nplugins = { a = 1 }"),
              ElementsAre("f.toml:2:17: wasm_plugins.plugins.a is 1, expected a table"));
  EXPECT_THAT(problems("[wasm_plugins.plugins.\"../a\"]"),
              ElementsAre("f.toml:1:23: wasm_plugins.plugins: \"../a\" is no plugin's name (names "
                          "have 1 to 64 letters, digits, '-' and '_')"));
  EXPECT_THAT(problems("[wasm_plugins]\nmax_memory_per_plugin = 5000"),
              ElementsAre("f.toml:2:25: wasm_plugins.max_memory_per_plugin is 5000, expected a "
                          "whole number from 1 to 4096"));
  EXPECT_THAT(problems("[wasm_plugins.plugins.a.config]\nx = nan"),
              ElementsAre("f.toml:2:5: wasm_plugins.plugins.a.config: JSON, in which a plugin gets "
                          "this, has no inf and no nan (write it as text)"));
}

constexpr std::string_view kSource =
    "[[sources]]\nname = 'csv'\npath = 'list.csv'\nplugin = 'csv-list'\n";

TEST(PluginSection, MustBeOnForASourceThatAPluginReads) {
  EXPECT_THAT(problems(kSource),
              ElementsAre("f.toml:2:8: source \"csv\" is read by plugin \"csv-list\", and plugins "
                          "are off (set enabled = true in [wasm_plugins])"));
  const LoadedConfiguration on = load(std::string(kSource) + "[wasm_plugins]\nenabled = true");
  EXPECT_THAT(on.problems, IsEmpty());
  ASSERT_EQ(on.configuration.sources.size(), 1U);
  EXPECT_EQ(on.configuration.sources[0].plugin, "csv-list");
}

TEST(PluginSection, ReadsGuidesItself) {
  EXPECT_THAT(problems("[[epg_sources]]\nname = 'g'\npath = 'g.xml'\nplugin = 'x'"),
              ElementsAre(::testing::HasSubstr("epg_sources[1].plugin is not a key")));
}

TEST(PluginSection, TakesItsMemoryLimitFromTheEnvironment) {
  const Environment environment = {{"PLUGIN_MEMORY_LIMIT_MB", "16"},
                                   {"M3U_PROXY_WASM_PLUGINS__PLUGIN_DIRECTORY", "here"}};
  const LoadedConfiguration loaded =
      load("[wasm_plugins]\nmax_memory_per_plugin = 32\nplugin_directory = 'there'", environment);
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_EQ(loaded.configuration.wasm_plugins.max_memory_per_plugin, 16U);
  EXPECT_EQ(loaded.configuration.wasm_plugins.plugin_directory, "here");
}

TEST(PluginSection, NamesEveryKeyOfAPluginInTheDocumentation) {
  std::ifstream file(M3U_PROXY_DOCS);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const SectionKeys section = plugin_override_section();
  EXPECT_NE(text.find("[" + std::string(section.section) + "]"), std::string::npos);
  const std::string own = text.substr(text.find(section.section));
  for (const std::string_view key : section.keys)
    EXPECT_NE(own.find("`" + std::string(key) + "`"), std::string::npos) << key;
}

TEST(ManualChannels, NameEveryKeyInTheDocumentation) {
  std::ifstream file(M3U_PROXY_DOCS);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const SectionKeys section = manual_channel_section();
  ASSERT_NE(text.find("[" + std::string(section.section) + "]"), std::string::npos);
  const std::string own = text.substr(text.find(section.section));
  for (const std::string_view key : section.keys)
    EXPECT_NE(own.find("`" + std::string(key) + "`"), std::string::npos) << key;
}

}  // namespace
}  // namespace m3u_proxy::config
