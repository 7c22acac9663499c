#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/config/plain_keys.hpp>
#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/settings/live_settings.hpp>
#include <m3u_proxy/settings/setting_places.hpp>

namespace m3u_proxy::settings {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class SettingPlacesTest : public testing::Test {
 protected:
  SettingPlacesTest() {
    for (const char* const name : {"data", "allowed", "outside"})
      fs::create_directory(folder_ / name);
    fs::create_symlink(folder_ / "outside", folder_ / "allowed" / "link");
  }
  [[nodiscard]] std::string path(const std::string& rest) const {
    return (folder_ / rest).string();
  }
  /// What is wrong with what is saved beside a file, and besides what was said before.
  [[nodiscard]] std::vector<std::pair<std::string, Error>> wrong(
      const std::string& saved, const std::string& file = "",
      const config::Configuration& before = {}) const {
    const ConfigNode tree = config::parse_json(saved, "saved").value();
    const LiveSettings settings({}, {});
    const auto loaded = settings.read(
        config::ConfigDocument{.text = file, .file = "a.toml", .folder = "/conf"}, &tree);
    return wrong_places(loaded, before, folder_ / "data");
  }
  [[nodiscard]] std::vector<std::string> wrong_keys(
      const std::string& saved, const std::string& file = "",
      const config::Configuration& before = {}) const {
    std::vector<std::string> keys;
    for (const auto& [key, error] : wrong(saved, file, before)) keys.push_back(key);
    return keys;
  }
  [[nodiscard]] std::string spill(const std::string& path, const std::string& more = "") const {
    return fmt::format(R"({{"proxy_memory":{{"spill_dir":"{}"}}{}}})", path, more);
  }

  io::TestFolder folder_;
};

TEST_F(SettingPlacesTest, EachKeyThatIsATextIsAPlaceOrKnownToBeNone) {
  std::vector<std::string> free;
  for (const config::PlainKey& key : config::plain_keys({})) {
    if (key.shape.type != config::KeyShape::Type::kText) continue;
    const auto found = wrong_keys(
        fmt::format(R"({{"{}":{{"{}":"{}"}}}})", key.section, key.name, path("outside/x")));
    if (found.empty())
      free.push_back(key.key);
    else
      EXPECT_THAT(found, ElementsAre(key.key));
  }
  // Servers that are named by these have a guard at each connection, or are named elsewhere.
  EXPECT_THAT(
      free, UnorderedElementsAre(
                "service.refresh", "service.time_zone", "service.s3_endpoint", "service.s3_region",
                "service.s3_access_key", "service.s3_secret_key", "service.log_level",
                "database.url", "http.listen", "http.public_url", "http.base_path",
                "http.metrics_token", "login.user_header", "login.groups_header", "alerts.webhook",
                "alerts.ntfy", "alerts.smtp", "alerts.mail_from"));
}

TEST_F(SettingPlacesTest, TheDataFolderAndAllowedFoldersMayBeNamed) {
  const std::string allowed =
      fmt::format(R"(,"service":{{"allowed_folders":["{}"]}})", path("allowed"));
  for (const std::string& good : {path("data"), path("data/spill"), path("data/../data/x")})
    EXPECT_THAT(wrong_keys(spill(good)), IsEmpty()) << good;
  EXPECT_THAT(wrong_keys(spill(path("allowed/none"), allowed)), IsEmpty());
  for (const std::string& bad : {path("allowed"), path("data/../outside"), path("data2")})
    EXPECT_THAT(wrong_keys(spill(bad)), ElementsAre("proxy_memory.spill_dir")) << bad;
  EXPECT_THAT(wrong_keys(spill(path("allowed/link"), allowed)),
              ElementsAre("proxy_memory.spill_dir"));
  // The file has the last word, about the list too.
  EXPECT_THAT(wrong_keys(spill(path("allowed/none"), allowed), "[service]\nallowed_folders = []\n"),
              ElementsAre("proxy_memory.spill_dir"));
}

TEST_F(SettingPlacesTest, WhatReplicasShareIsInNoDataFolder) {
  const auto shared = [](const std::string& place, const std::string& folders = "") {
    return fmt::format(R"({{"service":{{"snapshots":"{}","allowed_folders":[{}]}}}})", place,
                       folders);
  };
  for (const char* const own : {"data", "data/shared", "data/../data/x"}) {
    const auto found = wrong(shared(path(own)));
    ASSERT_EQ(found.size(), 1U) << own;
    EXPECT_EQ(found[0].first, "service.snapshots");
    EXPECT_THAT(found[0].second.message, HasSubstr("in none of the folders that may be named"));
    EXPECT_THAT(found[0].second.hint, HasSubstr("[service] allowed_folders"));
  }
  const std::string allowed = fmt::format("\"{}\"", path("allowed"));
  EXPECT_THAT(wrong_keys(shared(path("allowed/shared"), allowed)), IsEmpty());
  EXPECT_THAT(wrong_keys(shared(path("data/shared"), allowed)), ElementsAre("service.snapshots"));
}

TEST_F(SettingPlacesTest, WhatIsWrongIsNamedWithTheRemedy) {
  const auto outside = wrong(spill(path("outside")));
  ASSERT_EQ(outside.size(), 1U);
  EXPECT_EQ(outside[0].second.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(outside[0].second.message, HasSubstr(path("outside")));
  EXPECT_EQ(outside[0].second.hint,
            "set it in the configuration file, or allow its folder: [service] allowed_folders");
}

TEST_F(SettingPlacesTest, WithoutAFileAPathHasToBeWhole) {
  const LiveSettings settings({}, {});
  for (const std::string path : {"here", "s3://x", "../data"}) {
    const ConfigNode tree = config::parse_json(spill(path), "saved").value();
    const auto found = wrong_places(settings.read(std::nullopt, &tree), {}, folder_ / "data");
    ASSERT_EQ(found.size(), 1U) << path;
    EXPECT_THAT(found[0].second.message, HasSubstr("does not begin with /")) << path;
  }
}

TEST_F(SettingPlacesTest, AnObjectStoreIsNoFolder) {
  EXPECT_THAT(wrong_keys(R"({"service":{"snapshots":"s3://bucket/a"}})"), IsEmpty());
}

TEST_F(SettingPlacesTest, WhatTheFileSaysAndWhatStaysMayBeAnywhere) {
  const std::string outside = path("outside");
  EXPECT_THAT(
      wrong_keys(spill(path("data")), fmt::format("[proxy_memory]\nspill_dir = \"{}\"\n", outside)),
      IsEmpty());
  config::Configuration before;
  before.proxy_memory.spill_dir = outside;
  EXPECT_THAT(wrong_keys(spill(outside), "", before), IsEmpty());
  EXPECT_THAT(wrong_keys(spill(outside + "/x"), "", before), ElementsAre("proxy_memory.spill_dir"));
}

}  // namespace
}  // namespace m3u_proxy::settings
