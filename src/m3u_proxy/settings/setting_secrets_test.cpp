#include <fmt/format.h>
#include <gtest/gtest.h>

#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/settings/setting_secrets.hpp>

namespace m3u_proxy::settings {
namespace {

ConfigNode tree(std::string_view json) {
  auto node = config::parse_json(json, "test");
  EXPECT_TRUE(node);
  return node ? *node : ConfigNode();
}

TEST(SettingSecrets, AreShownAsStars) {
  EXPECT_EQ(shown("alerts.webhook", "https://hooks.example.org/services/T0/B1/xyz"),
            "https://hooks.example.org/***");
  EXPECT_EQ(shown("alerts.webhook", "https://me:pw@hooks.example.org?token=a@b"),
            "https://hooks.example.org/***");
  EXPECT_EQ(shown("alerts.ntfy", "https://ntfy.sh/topic"), "https://ntfy.sh/***");
  EXPECT_EQ(shown("alerts.smtp", "smtp://me:pw@mail.example.org:587"),
            "smtp://***@mail.example.org:587");
  EXPECT_EQ(shown("http.metrics_token", "abc"), "***");
  EXPECT_EQ(shown("http.metrics_token", ""), "");
  EXPECT_EQ(shown("service.refresh", "12h"), "12h");
  EXPECT_EQ(config::to_json(shown(tree(R"({"alerts":{"ntfy":"http://h/t","failures":3}})"))),
            R"({"alerts":{"failures":3,"ntfy":"http://h/***"}})");
}

TEST(SettingSecrets, StayWhereTheyComeBackAsTheyWereShown) {
  const ConfigNode stored =
      tree(R"({"alerts":{"webhook":"https://h/secret"},"http":{"metrics_token":"abc"}})");
  ConfigNode back = shown(stored);
  restore_secrets(back, stored);
  EXPECT_EQ(config::to_json(back), config::to_json(stored));
  ConfigNode other = tree(R"({"alerts":{"webhook":"https://other/***"}})");
  restore_secrets(other, stored);
  EXPECT_EQ(config::to_json(other), R"({"alerts":{"webhook":"https://other/***"}})");
}

constexpr std::string_view kOfPlugin =
    R"({"wasm_plugins":{"plugins":{"icons":{"config":{"deep":{"pin":4711},"empty":"","keys":["a","b"],)"
    R"("quick":true,"token":"secret"},"enabled":true}}}})";

ConfigNode of_plugin(std::string_view config) {
  return tree(
      fmt::format(R"({{"wasm_plugins":{{"plugins":{{"icons":{{"config":{}}}}}}}}})", config));
}

TEST(SettingSecrets, OfAPluginAreWhateverItIsTold) {
  EXPECT_EQ(
      config::to_json(shown(tree(kOfPlugin))),
      R"({"wasm_plugins":{"plugins":{"icons":{"config":{"deep":{"pin":"***"},"empty":"","keys":["***","***"],)"
      R"("quick":true,"token":"***"},"enabled":true}}}})");
  EXPECT_EQ(shown_json("wasm_plugins.plugins",
                       R"({"icons":{"enabled":true,"config":{"token":"secret"}}})"),
            R"({"icons":{"config":{"token":"***"},"enabled":true}})");
  EXPECT_EQ(shown_json("wasm_plugins.order", R"({"filtering":["icons"]})"),
            R"({"filtering":["icons"]})");
}

TEST(SettingSecrets, AreTakenOutAndNothingElse) {
  ConfigNode some =
      tree(R"({"alerts":{"failures":3,"ntfy":"http://h/t"},"http":{"metrics_token":"abc"},)"
           R"("service":{"refresh":"6h"}})");
  remove_secrets(some);
  EXPECT_EQ(config::to_json(some),
            R"({"alerts":{"failures":3},"http":{},"service":{"refresh":"6h"}})");
  ConfigNode plugins = tree(kOfPlugin);
  remove_secrets(plugins);
  EXPECT_EQ(config::to_json(plugins), R"({"wasm_plugins":{"plugins":{"icons":{"enabled":true}}}})");
}

TEST(SettingSecrets, OfAPluginStayMemberByMember) {
  const ConfigNode stored = tree(kOfPlugin);
  ConfigNode back = shown(stored);
  restore_secrets(back, stored);
  EXPECT_EQ(config::to_json(back), kOfPlugin);
  ConfigNode changed =
      of_plugin(R"({"deep":{"pin":"***","more":1},"token":"other","keys":["***","***"]})");
  restore_secrets(changed, stored);
  EXPECT_EQ(config::to_json(changed),
            config::to_json(
                of_plugin(R"({"deep":{"pin":4711,"more":1},"token":"other","keys":["a","b"]})")));
  EXPECT_TRUE(hidden_secrets(changed, stored).empty());
}

TEST(SettingSecrets, OfAPluginThatStandForNothingAreNamed) {
  const ConfigNode stored = tree(kOfPlugin);
  // Which of two the one that is left was cannot be known.
  ConfigNode changed = of_plugin(R"({"keys":["***","c"],"new":"***","token":"***"})");
  restore_secrets(changed, stored);
  EXPECT_EQ(hidden_secrets(changed, stored),
            (std::vector<std::string>{"wasm_plugins.plugins.icons.config.keys[1]",
                                      "wasm_plugins.plugins.icons.config.new"}));
}

}  // namespace
}  // namespace m3u_proxy::settings
