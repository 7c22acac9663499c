#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sdk/cpp/m3u_plugin.hpp>

namespace m3u_proxy::sdk {
namespace {

std::string text(m3u::Text value) { return {value.data(), value.size()}; }

TEST(PluginConfig, ValuesOfEveryKindAreRead) {
  m3u::Config config(
      R"( {"group" : "Sports", "words": ["a\"b", "\u00fc\ud83c\udfac\n"], "one": "x", "n": -12.5,)"
      R"( "on": true, "off": false, "nested": {"group": [1, {"a": "}"}]}, "null": null} )");
  EXPECT_EQ(text(config.text("group")), "Sports");
  EXPECT_EQ(text(config.text("missing", "else")), "else");
  EXPECT_EQ(config.number("n"), -12.5);
  EXPECT_EQ(config.number("group", 3), 3);
  EXPECT_TRUE(config.flag("on"));
  EXPECT_FALSE(config.flag("off", true));
  EXPECT_TRUE(config.flag("missing", true));
  const m3u::Array<m3u::Text> words = config.list("words");
  ASSERT_EQ(words.size(), 2U);
  EXPECT_EQ(text(words[0]), "a\"b");
  EXPECT_EQ(text(words[1]), "ü\xf0\x9f\x8e\xac\n");
  const m3u::Array<m3u::Text> one = config.list("one");
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(text(one[0]), "x");
  EXPECT_EQ(text(config["nested"]["group"].raw()), R"([1, {"a": "}"}])");
  EXPECT_TRUE(config.list("missing").empty());
}

TEST(PluginConfig, WhatIsNoObjectHasNoMembers) {
  for (const char* json : {"", "[]", "{", "{\"a", "{\"a\"", "{\"a\":", "null", "{}"}) {
    m3u::Config config{m3u::Text(std::string_view(json))};
    EXPECT_EQ(text(config.text("a", "none")), "none") << json;
  }
}

TEST(PluginContext, SourcesAndNumbersAreRead) {
  m3u::Context context(
      R"({"abi": 1, "proxy": "default", "now": 1790000000, "chunk_rows": 1000,)"
      R"( "sources": [{"name": "tv", "type": "m3u", "url": "http://host/a"},)"
      R"( {"name": "b", "type": "xtream", "url": ""}], "source": 1, "pressure": 3})");
  EXPECT_EQ(text(context.proxy()), "default");
  EXPECT_EQ(context.now(), 1790000000);
  EXPECT_EQ(context.chunk_rows(), 1000U);
  EXPECT_EQ(context.source(), 1);
  EXPECT_EQ(context.pressure(), m3u::PressureLevel::kCritical);
  std::string all;
  context.sources([&](m3u::Text name, m3u::Text type, m3u::Text url) {
    all += text(name) + "," + text(type) + "," + text(url) + ";";
  });
  EXPECT_EQ(all, "tv,m3u,http://host/a;b,xtream,;");
}

TEST(PluginInfo, IsJsonWithAllThatTheHostAsksFor) {
  const m3u::PluginInfo info{
      .name = "a \"b\"",
      .version = "1.2.3",
      .supported_stages = {m3u::Stage::kDataMapping, m3u::Stage::kEpg},
      .memory_requirements = {.min_heap_mb = 2, .max_heap_mb = 10, .supports_compression = true}};
  const m3u::Buffer json = m3u::detail::to_json(info);
  const auto read = nlohmann::json::parse(std::string(json.data(), json.size()));
  EXPECT_EQ(read["name"], "a \"b\"");
  EXPECT_EQ(read["version"], "1.2.3");
  EXPECT_EQ(read["supported_stages"], (nlohmann::json{"data_mapping", "epg"}));
  EXPECT_EQ(read["memory_requirements"], (nlohmann::json{{"min_heap_mb", 2},
                                                         {"max_heap_mb", 10},
                                                         {"supports_streaming", true},
                                                         {"supports_compression", true}}));
}

}  // namespace
}  // namespace m3u_proxy::sdk
