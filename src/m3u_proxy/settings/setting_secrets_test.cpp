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

}  // namespace
}  // namespace m3u_proxy::settings
