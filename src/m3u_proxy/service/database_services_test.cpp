#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <m3u_proxy/service/database_services.hpp>
#include <m3u_proxy/service/proxy_service.hpp>

namespace m3u_proxy::service {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kBaseUrl = "http://localhost:8080";
constexpr store::Time kNow{std::chrono::seconds(1'800'000'000)};

class DatabaseServicesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "services-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::ofstream(folder_ / "list.m3u") << "#EXTM3U\n#EXTINF:-1 tvg-logo=\"http://h/1.png\",One\n"
                                           "http://example.org/1\n#EXTINF:-1,Two\n"
                                           "http://example.org/2\n#EXTINF:-1,Three\n"
                                           "http://example.org/3\n";
    service_.emplace(StorageConfig{.output_dir = folder_ / "out", .cache_dir = {}, .spill_dir = {}},
                     config::Configuration{}, ServiceOptions{.now = 1'800'000'000});
    auto opened = service_->open_database(folder_ / "data");
    ASSERT_TRUE(opened) << to_string(opened.error());
    database_ = *std::move(opened);
  }
  void TearDown() override {
    database_.reset();
    service_.reset();
    std::filesystem::remove_all(folder_);
  }

  void add(store::EntityKind kind, const std::string& name, const std::string& body) {
    const auto added =
        database_->store().entities().create({.kind = kind, .name = name, .body = body}, kNow);
    ASSERT_TRUE(added) << to_string(added.error());
  }
  Result<ProxyGeneration> generate(const LogoService& logos,
                                   GenerationOutput output = GenerationOutput::kInMemory) {
    ResolvedProxyConfig config;
    config.name = "home";
    config.fill_tvg_id = fill_tvg_id_;
    config.sources.push_back(*service_->playlist_source("tv", folder_ / "list.m3u"));
    return service_->generate_proxy_with_config(config, output, *database_,
                                                DataMappingService(database_), logos, kBaseUrl);
  }
  Result<ProxyGeneration> generate() { return generate(LogoService(database_, folder_ / "logos")); }

  std::filesystem::path folder_;
  std::optional<ProxyService> service_;
  std::shared_ptr<Database> database_;
  bool fill_tvg_id_ = false;
};

TEST_F(DatabaseServicesTest, AnEmptyDatabaseChangesNothing) {
  const auto made = generate();
  ASSERT_TRUE(made) << to_string(made.error());
  EXPECT_EQ(made->stats.channels, 3U);
  EXPECT_THAT(made->playlist.view(), HasSubstr("tvg-logo=\"http://h/1.png\""));
}

TEST_F(DatabaseServicesTest, RulesAndFiltersOfTheDatabaseHold) {
  add(store::EntityKind::kRule, "caps",
      R"({"expression": "channel_name equals \"One\" SET group_title = \"First\""})");
  add(store::EntityKind::kFilter, "no two",
      R"({"action": "exclude", "expression": "channel_name equals \"Two\""})");
  const auto made = generate();
  ASSERT_TRUE(made) << to_string(made.error());
  EXPECT_THAT(made->playlist.view(), HasSubstr("group-title=\"First\""));
  EXPECT_THAT(made->playlist.view(), Not(HasSubstr(",Two")));
  EXPECT_EQ(made->stats.channels, 2U);
}

TEST_F(DatabaseServicesTest, AProxyOfTheSameNameChoosesItsOwn) {
  add(store::EntityKind::kRule, "mine", R"({"expression": "SET group_title = \"Mine\""})");
  add(store::EntityKind::kRule, "other", R"({"expression": "SET tvg_name = \"Other\""})");
  add(store::EntityKind::kSource, "tv", R"({"path": "list.m3u"})");
  add(store::EntityKind::kProxy, "home", R"({"sources": ["tv"], "rules": ["mine"]})");
  const auto made = generate();
  ASSERT_TRUE(made) << to_string(made.error());
  EXPECT_THAT(made->playlist.view(), HasSubstr("group-title=\"Mine\""));
  EXPECT_THAT(made->playlist.view(), Not(HasSubstr("Other")));
}

TEST_F(DatabaseServicesTest, ARuleThatIsWrongIsNamed) {
  add(store::EntityKind::kRule, "broken", R"({"expression": "SET = "})");
  const auto made = generate();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kConfig);
}

TEST_F(DatabaseServicesTest, EditsOfChannelsHold) {
  fill_tvg_id_ = true;
  const auto before = generate();
  ASSERT_TRUE(before) << to_string(before.error());
  std::string_view id = before->playlist.view();
  constexpr std::string_view kKey = "tvg-id=\"";
  id = id.substr(id.rfind(kKey, id.find(",Two")) + kKey.size());
  const auto two = parse_uuid(id.substr(0, id.find('"')));
  ASSERT_TRUE(two);
  ASSERT_TRUE(database_->store().edits().put({.channel = *two, .name = "Second"}, kNow));
  const auto made = generate();
  ASSERT_TRUE(made) << to_string(made.error());
  EXPECT_EQ(made->stats.edited, 1U);
  EXPECT_THAT(made->playlist.view(), HasSubstr(",Second"));
}

TEST_F(DatabaseServicesTest, UploadedLogosHaveAddresses) {
  LogoService logos(database_, folder_ / "logos");
  const auto logo = logos.library().add("News", "GIF89a picture", kNow);
  ASSERT_TRUE(logo) << to_string(logo.error());
  add(store::EntityKind::kRule, "logo",
      R"({"expression": "channel_name equals \"Two\" SET tvg_logo = \"@logo:)" +
          to_string(logo->id) + R"(\""})");
  const auto made = generate(logos);
  ASSERT_TRUE(made) << to_string(made.error());
  EXPECT_THAT(made->playlist.view(),
              HasSubstr("tvg-logo=\"http://localhost:8080/logos/" + to_string(logo->id) + "\""));
  EXPECT_THAT(made->playlist.view(), HasSubstr("tvg-logo=\"http://h/1.png\""));
  const auto served = generate(LogoService(database_, folder_ / "logos", "TOKEN"));
  ASSERT_TRUE(served) << to_string(served.error());
  EXPECT_THAT(served->playlist.view(), HasSubstr("tvg-logo=\"http://localhost:8080/logo/TOKEN/" +
                                                 to_string(logo->id) + "\""));
  EXPECT_THAT(served->playlist.view(), Not(HasSubstr("http://h/1.png")));
}

TEST_F(DatabaseServicesTest, RunHistoryIsInTheStore) {
  for (const GenerationOutput output : {GenerationOutput::kInMemory, GenerationOutput::kFile})
    ASSERT_TRUE(generate(LogoService(database_, folder_ / "logos"), output));
  const auto history = database_->store().runs().history(*database_->proxy("home"));
  ASSERT_TRUE(history);
  EXPECT_EQ(history->runs().size(), 2U);
}

TEST_F(DatabaseServicesTest, ADatabaseOutlivesItsService) {
  service_.reset();
  EXPECT_TRUE(database_->store().logos().list());
}

}  // namespace
}  // namespace m3u_proxy::service
