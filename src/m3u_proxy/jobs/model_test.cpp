#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/jobs/current_model.hpp>
#include <m3u_proxy/jobs/jobs_testing.hpp>

namespace m3u_proxy::jobs::testing {
namespace {

using ::testing::HasSubstr;

class ModelTest : public JobsTest {
 protected:
  void SetUp() override {
    JobsTest::SetUp();
    add_home();
  }
  [[nodiscard]] std::string definition() {
    const auto models = model();
    return definition_of(*models, *models->find_proxy("home"));
  }
};

TEST_F(ModelTest, EntitiesAreReadAsAConfigurationIs) {
  const auto models = model();
  ASSERT_EQ(models->sources.size(), 1U);
  EXPECT_EQ(models->sources.front().config.location, file("tv.m3u").string());
  EXPECT_EQ(models->find_proxy("home")->config.sources.front().name, "tv");
  EXPECT_EQ(models->find_proxy("away"), nullptr);
  EXPECT_EQ(models->find_source("tv", true), nullptr);
}

TEST_F(ModelTest, WhatIsNotValidTogetherIsNamed) {
  add(store::EntityKind::kProxy, "away", R"({"sources":["nowhere"]})");
  const auto loaded = load_model(*store_, {});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kConfig);
  EXPECT_THAT(to_string(loaded.error()), HasSubstr("nowhere"));
}

TEST_F(ModelTest, AServiceGoesOnWithoutWhatIsNotThereAnyMore) {
  add(store::EntityKind::kProxy, "away",
      R"({"sources":["tv","gone"],"epg_sources":["gone"],"rules":["gone"],)"
      R"("numbering":"ranges","ranges":[{"source":"gone","first":100}]})");
  add(store::EntityKind::kProxy, "none", R"({"sources":["gone"]})");
  add(store::EntityKind::kProxy, "bare", R"({"sources":["tv"],"filters":["gone"]})");
  EXPECT_FALSE(load_model(*store_, {}));
  const auto loaded = must(load_current_model(*store_, {}));
  ASSERT_NE(loaded, nullptr);
  ASSERT_EQ(loaded->proxies.size(), 4U);
  const config::ProxyConfig& away = loaded->find_proxy("away")->config;
  ASSERT_EQ(away.sources.size(), 1U);
  EXPECT_EQ(away.sources.front().name, "tv");
  EXPECT_TRUE(away.epg_sources.empty() && away.rules.empty());
  EXPECT_TRUE(away.ranges.empty());
  EXPECT_TRUE(loaded->find_proxy("none")->config.sources.empty());
  // What it published stays: there is nothing to make another of.
  for (const std::string_view name : {"none", "bare"})
    EXPECT_FALSE(must(generator_->inputs_of(*loaded, *loaded->find_proxy(name)))) << name;
}

TEST_F(ModelTest, AServiceDoesNotGoOnWithWhatCannotBeRead) {
  add(store::EntityKind::kFilter, "odd", R"({"action":"include","expression":"channel_nam is"})");
  EXPECT_FALSE(load_current_model(*store_, {}));
}

TEST_F(ModelTest, AProxyIsAnotherOnlyWhenSomethingOfItIs) {
  const std::string before = definition();
  add(store::EntityKind::kFilter, "news",
      R"json({"action":"exclude","expression":"channel_name contains \"news\""})json");
  add(store::EntityKind::kProxy, "away", R"({"sources":["tv"]})");
  EXPECT_EQ(definition(), before);
  const auto home = must(store_->entities().get(proxy()));
  must(store_->entities().put(home.id,
                              {.name = {}, .body = R"({"filters":["news"],"sources":["tv"]})"},
                              home.revision, now()));
  const std::string filtered = definition();
  EXPECT_NE(filtered, before);
  const auto news = must(store_->entities().find(store::EntityKind::kFilter, "news"));
  must(store_->entities().put(
      news.id,
      {.name = {},
       .body = R"json({"action":"exclude","expression":"channel_name contains \"old\""})json"},
      news.revision, now()));
  EXPECT_NE(definition(), filtered);
}

TEST_F(ModelTest, RelativePathsOfAFileStartFromItsFolder) {
  const ConfigNode document = must(config::parse_json(
      R"({"sources":[{"name":"tv","path":"lists/tv.m3u"},{"name":"in","path":"-"},)"
      R"({"name":"web","url":"http://example.org/x","renamed_from":"net"}]})",
      "test"));
  const auto entities = must(entities_of(document, "/etc/m3u"));
  ASSERT_EQ(entities.size(), 3U);
  EXPECT_EQ(entities[0].body, R"({"path":"/etc/m3u/lists/tv.m3u"})");
  EXPECT_EQ(entities[1].body, R"({"path":"-"})");
  EXPECT_EQ(entities[2].renamed_from, "net");
  EXPECT_EQ(entities[2].body, R"({"url":"http://example.org/x"})");
}

}  // namespace
}  // namespace m3u_proxy::jobs::testing
