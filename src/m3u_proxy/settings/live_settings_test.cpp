#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/settings/live_settings.hpp>

namespace m3u_proxy::settings {
namespace {

using config::SaidBy;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

ConfigNode tree(std::string_view json) {
  auto node = config::parse_json(json, "saved");
  EXPECT_TRUE(node);
  return node ? *node : ConfigNode();
}

config::ConfigDocument file(std::string text) {
  return {.text = std::move(text), .file = "a.toml", .folder = {}};
}

class LiveSettingsTest : public ::testing::Test {
 protected:
  void begin(const std::string& text, std::string_view saved) {
    const ConfigNode node = tree(saved);
    const auto loaded = settings_.read(file(text), &node);
    EXPECT_THAT(loaded.problems, IsEmpty());
    settings_.begin(file(text), loaded);
  }
  LiveSettings::Key key(std::string_view name) const {
    const auto all = settings_.keys();
    const auto found =
        std::ranges::find_if(all, [&](const LiveSettings::Key& k) { return k.said.key == name; });
    EXPECT_NE(found, all.end()) << name;
    return found == all.end() ? LiveSettings::Key() : *found;
  }
  static config::ConfigFlags without_limit() {
    config::ConfigFlags flags;
    flags.memory_limit = {.kind = memory::MemoryLimitSetting::Kind::kNone};
    return flags;
  }
  LiveSettings settings_{{{"M3U_PROXY_SERVICE__JITTER", "9s"}}, without_limit()};
};

TEST_F(LiveSettingsTest, WhoComesFirstHasItsSay) {
  begin("[service]\nrefresh = \"1h\"\njitter = \"1s\"\n",
        R"({"service":{"refresh":"2h","jitter":"2s","quiet_period":"3s"},)"
        R"("proxy_memory":{"max_memory_mb":64}})");
  const auto expect = [&](std::string_view name, std::string_view value, SaidBy by) {
    EXPECT_EQ(key(name).said.shape.value, value) << name;
    EXPECT_EQ(key(name).in_force, value) << name;
    EXPECT_EQ(key(name).said_by, by) << name;
  };
  expect("proxy_memory.max_memory_mb", R"("none")", SaidBy::kCommandLine);
  expect("service.jitter", R"("9s")", SaidBy::kEnvironment);
  expect("service.refresh", R"("1h")", SaidBy::kFile);
  expect("service.quiet_period", R"("3s")", SaidBy::kDatabase);
  expect("service.generations_kept", "5", SaidBy::kDefault);
  EXPECT_EQ(key("service.quiet_period").otherwise, R"("5s")");
}

TEST_F(LiveSettingsTest, WhatIsNotTakenHoldsFromTheNextStartOn) {
  begin("", "{}");
  const ConfigNode saved = tree(R"({"service":{"refresh":"2h"},"http":{"listen":"81"}})");
  const auto changed =
      settings_.change(file(""), settings_.try_out(saved), config::applies_at_once);
  EXPECT_THAT(changed, ElementsAre("service.refresh", "http.listen"));
  EXPECT_THAT(settings_.restart_needed(), ElementsAre("http.listen"));
  EXPECT_EQ(key("service.refresh").in_force, R"("2h")");
  EXPECT_EQ(key("http.listen").in_force, R"("127.0.0.1:8080")");
  EXPECT_EQ(key("http.listen").said.shape.value, R"("81")");
  settings_.change(file(""), settings_.try_out(tree("{}")), config::applies_at_once);
  EXPECT_THAT(settings_.restart_needed(), IsEmpty());
}

TEST_F(LiveSettingsTest, WhatIsWrongNamesItsPlace) {
  begin("", "{}");
  const auto loaded = settings_.try_out(tree(R"({"service":{"jitter":"soon","refrsh":"1h"}})"));
  ASSERT_EQ(loaded.problems.size(), 2U);
  EXPECT_EQ(loaded.problems[0].error.where.source, "saved");
  EXPECT_EQ(loaded.problems[1].error.hint, "did you mean \"refresh\"?");
}

}  // namespace
}  // namespace m3u_proxy::settings
