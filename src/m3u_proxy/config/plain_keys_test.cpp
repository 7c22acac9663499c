#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/config/config_sections.hpp>
#include <m3u_proxy/config/load_configuration.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/config/plain_keys.hpp>

namespace m3u_proxy::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Configuration read(const std::string& text) {
  auto loaded = load_configuration(ConfigDocument{.text = text, .file = "a", .folder = {}}, {}, {});
  EXPECT_THAT(loaded.problems, IsEmpty());
  return std::move(loaded.configuration);
}

PlainKey key_of(const Configuration& configuration, std::string_view name) {
  const auto all = plain_keys(configuration);
  const auto found = std::ranges::find(all, name, &PlainKey::key);
  EXPECT_NE(found, all.end()) << name;
  return found == all.end() ? PlainKey() : *found;
}

TEST(PlainKeys, SayWhatTheyTakeAndWhatTheyHave) {
  const Configuration configuration = read(
      "[proxy_memory]\nmax_memory_mb = \"64MB\"\n[service]\njitter = \"90m\"\n"
      "allowed_folders = [\"/a\", \"/b\"]\nlog_format = \"json\"\n");
  const auto value = [&](std::string_view name) { return key_of(configuration, name).shape.value; };
  EXPECT_EQ(value("proxy_memory.max_memory_mb"), "64");
  EXPECT_EQ(value("proxy_memory.warning_threshold"), "0.8");
  EXPECT_EQ(value("proxy_memory.use_case"), "null");
  EXPECT_EQ(value("memory_cleanup.memory_pressure_threshold_mb"), "0");
  EXPECT_EQ(value("service.jitter"), R"("1h30m")");
  EXPECT_EQ(value("service.quiet_period"), R"("5s")");
  EXPECT_EQ(value("service.allowed_folders"), R"(["/a","/b"])");
  EXPECT_EQ(value("service.log_format"), R"("json")");
  EXPECT_EQ(value("service.max_shrink"), "0.5");
  EXPECT_EQ(value("alerts.mail_to"), "[]");
  const KeyShape kept = key_of(configuration, "service.generations_kept").shape;
  EXPECT_EQ(kept.type, KeyShape::Type::kInteger);
  EXPECT_EQ(kept.least, 1);
  EXPECT_EQ(kept.most, 1000);
  EXPECT_THAT(key_of(configuration, "proxy_memory.cleanup_strategy").shape.choices,
              ElementsAre("auto", "basic", "smart", "aggressive"));
}

/// What a key shows is what a configuration may say, and says the same.
TEST(PlainKeys, TheirValuesReadBack) {
  const Configuration configuration = read(
      "[proxy_memory]\nmax_memory_mb = 64\nuse_case = \"balanced\"\n[memory_cleanup]\n"
      "auto_gc_interval = \"1h1s\"\nmemory_pressure_threshold_mb = 12.5\n[wasm_plugins]\n"
      "allow = [\"log\", \"clock\"]\norder = { filtering = [\"b\", \"a\"] }\n"
      "[wasm_plugins.plugins.b]\nenabled = false\nallow = []\nconfig = { x = [1, \"y\"] }\n"
      "[http]\ntrusted_proxies = [\"10.0.0.0/8\"]\n[alerts]\nwebhook = \"https://h/\\\"x\"\n");
  const auto before = plain_keys(configuration);
  Configuration again;
  for (const PlainKey& key : before) {
    if (key.shape.value == "null") continue;
    const auto node = parse_json(R"({"v":)" + key.shape.value + "}", "test");
    ASSERT_TRUE(node) << key.key << ": " << key.shape.value;
    ConfigReader reader;
    ConfigMember member = node->members.at(0);
    member.name = key.name;
    const bool is_empty_text = key.shape.value == R"("")";
    read_single_key(reader, key.section, member, again);
    for (const ConfigProblem& problem : reader.take_problems())
      EXPECT_TRUE(is_empty_text) << to_string(problem);
  }
  const auto after = plain_keys(again);
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_EQ(before[i].shape.value, after[i].shape.value) << before[i].key;
}

TEST(ChangedKeys, AreThoseWithAnotherValue) {
  EXPECT_THAT(
      changed_keys(read("[service]\nrefresh = \"1h\"\njitter = \"5s\"\n[http]\nlisten = \"80\"\n"),
                   read("[http]\nallowed_hosts = [\"a\"]\n[service]\nrefresh = \"2h\"\n"
                        "jitter = \"5s\"\n")),
      ElementsAre("service.refresh", "http.listen", "http.allowed_hosts"));
}

TEST(ChangedKeys, OrderAndWordingAreNoChange) {
  EXPECT_THAT(changed_keys(read("[service]\nrefresh = \"1h\"\njitter = \"60s\"\n"),
                           read("[service]\njitter   = \"1m\"\n\nrefresh = \"1h\" # often\n"
                                "[[sources]]\nname = \"tv\"\npath = \"x\"\n")),
              IsEmpty());
}

TEST(ChangedKeys, WhatNeedsARestart) {
  for (const std::string_view key :
       {"service.refresh", "service.log_level", "alerts.webhook", "http.public_url",
        "memory_monitoring.peak_memory_alert_mb", "proxy_memory.max_memory_mb"})
    EXPECT_TRUE(applies_at_once(key)) << key;
  for (const std::string_view key :
       {"http.listen", "database.url", "wasm_plugins.enabled", "memory_pools.channel_pool_size",
        "memory_monitoring.plugin_memory_leak_threshold"})
    EXPECT_FALSE(applies_at_once(key)) << key;
}

}  // namespace
}  // namespace m3u_proxy::config
