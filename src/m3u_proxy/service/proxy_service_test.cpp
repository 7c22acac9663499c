#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <m3u_proxy/config/load_configuration.hpp>
#include <m3u_proxy/memory/process_memory.hpp>
#include <m3u_proxy/service/proxy_service.hpp>

namespace m3u_proxy::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kList =
    "#EXTM3U\n#EXTINF:-1 tvg-id=\"one\",One\nhttp://example.org/1\n"
    "#EXTINF:-1,Two\nhttp://example.org/2\n";
constexpr std::string_view kGuide =
    "<tv><channel id=\"one\"><display-name>One</display-name></channel>"
    "<programme start=\"20260101000000 +0000\" stop=\"20260101010000 +0000\" channel=\"one\">"
    "<title>Film</title></programme></tv>";
constexpr std::string_view kWritten =
    "#EXTM3U url-tvg=\"http://localhost:8080/home.xmltv\" "
    "x-tvg-url=\"http://localhost:8080/home.xmltv\"\n"
    "#EXTINF:-1 tvg-id=\"one\" tvg-chno=\"1\",One\nhttp://example.org/1\n"
    "#EXTINF:-1 tvg-chno=\"2\",Two\nhttp://example.org/2\n";
constexpr std::string_view kBaseUrl = "http://localhost:8080/";

class ProxyServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "service-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    write("list.m3u", kList);
    write("guide.xml", kGuide);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, std::string_view text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  [[nodiscard]] std::string read(const std::filesystem::path& path) const {
    std::ostringstream text;
    text << std::ifstream(folder_ / path, std::ios::binary).rdbuf();
    return text.str();
  }
  [[nodiscard]] std::vector<std::string> files(const std::string& folder) const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / folder))
      names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
  }
  [[nodiscard]] StorageConfig storage() const {
    return {.output_dir = folder_ / "out", .cache_dir = {}, .spill_dir = {}};
  }
  ResolvedProxyConfig home(ProxyService& service) {
    ResolvedProxyConfig config;
    config.name = "home";
    config.sources.push_back(*service.playlist_source("tv", folder_ / "list.m3u"));
    config.epg_sources.push_back(*service.epg_source("guide", folder_ / "guide.xml"));
    return config;
  }

  std::filesystem::path folder_;
};

TEST_F(ProxyServiceTest, GivesTheTextsInMemoryAndPublishesNothing) {
  ProxyService service(storage());
  const auto got =
      service.generate_proxy_with_config(home(service), GenerationOutput::kInMemory, kBaseUrl);
  ASSERT_TRUE(got.has_value()) << to_string(got.error());
  EXPECT_EQ(got->playlist.view(), kWritten);
  EXPECT_THAT(got->guide.view(), HasSubstr("<title>Film</title>"));
  EXPECT_EQ(got->stats.channels, 2U);
  EXPECT_EQ(got->stats.programmes, 1U);
  EXPECT_EQ(got->stats.playlist_path, "");
  EXPECT_THAT(files("out"), ElementsAre());
}

TEST_F(ProxyServiceTest, PublishesTheSameTextsAsFiles) {
  ProxyService service(storage());
  const auto config = home(service);
  const auto file = service.generate_proxy_with_config(config, GenerationOutput::kFile, kBaseUrl);
  ASSERT_TRUE(file.has_value()) << to_string(file.error());
  EXPECT_EQ(read("out/home.m3u"), kWritten);
  EXPECT_EQ(file->stats.playlist_path, folder_ / "out/home.m3u");
  EXPECT_TRUE(file->playlist.empty());
  EXPECT_THAT(files("out"), ElementsAre(".home.history.json", "home.m3u", "home.xmltv"));
  const auto memory =
      service.generate_proxy_with_config(config, GenerationOutput::kInMemory, kBaseUrl);
  ASSERT_TRUE(memory.has_value()) << to_string(memory.error());
  EXPECT_EQ(memory->guide.view(), read("out/home.xmltv"));
}

TEST_F(ProxyServiceTest, ReportsWhatMemoryAGenerationTook) {
  ProxyService service(storage());
  const auto got = service.generate_proxy_with_config(home(service), GenerationOutput::kInMemory);
  ASSERT_TRUE(got.has_value());
  EXPECT_GT(got->stats.peak_memory_usage_mb, 0);
  EXPECT_GT(got->stats.memory_efficiency, 0);
  EXPECT_GT(got->stats.memory_cleanup_operations, 0U);
  EXPECT_GT(got->stats.stage_memory_usage.at("M3U Generation"), 0U);
}

TEST_F(ProxyServiceTest, CleansUpAsItWasLastConfigured) {
  ProxyService service(storage());
  service.configure_memory_management({.cleanup_between_stages = false});
  const auto config = home(service);
  const auto without = service.generate_proxy_with_config(config, GenerationOutput::kInMemory);
  service.configure_memory_management({.aggressive_cleanup = true});
  const auto with = service.generate_proxy_with_config(config, GenerationOutput::kInMemory);
  ASSERT_TRUE(without.has_value() && with.has_value());
  EXPECT_EQ(without->stats.memory_cleanup_operations, 0U);
  EXPECT_EQ(with->stats.memory_cleanup_operations, with->stats.stages.size());
}

TEST_F(ProxyServiceTest, ReadsTheSourcesAnewForEachGeneration) {
  ProxyService service(storage());
  const auto config = home(service);
  ASSERT_TRUE(service.generate_proxy_with_config(config, GenerationOutput::kInMemory).has_value());
  write("list.m3u", "#EXTM3U\n#EXTINF:-1,Three\nhttp://example.org/3\n");
  const auto got = service.generate_proxy_with_config(config, GenerationOutput::kInMemory);
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->playlist.view(),
            "#EXTM3U\n#EXTINF:-1 tvg-chno=\"1\",Three\nhttp://example.org/3\n");
}

TEST_F(ProxyServiceTest, TextsOutliveTheService) {
  GeneratedText text;
  {
    ProxyService service(storage());
    text = service.generate_proxy_with_config(home(service), GenerationOutput::kInMemory, kBaseUrl)
               ->playlist;
  }
  EXPECT_EQ(text.view(), kWritten);
}

TEST_F(ProxyServiceTest, AResultLargerThanTheLimitIsRefusedInMemoryAndPublishedAsAFile) {
  constexpr std::size_t kChannels = 20'000;  // 20 MB, which the spool keeps in a tenth of it
  const std::string padding(1000, 'x');
  std::string list = "#EXTM3U\n";
  for (std::size_t i = 0; i < kChannels; ++i)
    list += "#EXTINF:-1,C\nhttp://example.org/" + padding + std::to_string(i) + "\n";
  write("large.m3u", list);
  config::Configuration configuration;
  configuration.proxy_memory.max_memory_mb = {
      .kind = config::MemoryLimitSetting::Kind::kFixed,
      .fixed = *memory::process_memory().resident() + mib(18)};
  ProxyService service(storage(), configuration, {.threads = 1});
  ResolvedProxyConfig config;
  config.sources.push_back(*service.playlist_source("tv", folder_ / "large.m3u"));
  const auto refused = service.generate_proxy_with_config(config, GenerationOutput::kInMemory);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kOverBudget);
  EXPECT_EQ(refused.error().hint, "use GenerationOutput::kFile, or raise the memory limit");
  EXPECT_THAT(files("out"), ElementsAre());
  const auto published = service.generate_proxy_with_config(config, GenerationOutput::kFile);
  ASSERT_TRUE(published.has_value()) << to_string(published.error());
  EXPECT_EQ(published->stats.channels, kChannels);
}

TEST_F(ProxyServiceTest, ALimitBelowTheSmallestJobIsRefusedBeforeAnyWork) {
  config::Configuration configuration;
  configuration.proxy_memory.max_memory_mb = {.kind = config::MemoryLimitSetting::Kind::kFixed,
                                              .fixed = mib(1)};
  ProxyService service(storage(), configuration);
  const auto refused = service.playlist_source("tv", folder_ / "list.m3u");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kOverBudget);
  EXPECT_THAT(refused.error().hint, HasSubstr("the least that works"));
}

TEST_F(ProxyServiceTest, ResolvesTheProxiesOfAConfigurationByName) {
  const auto loaded = config::load_configuration(
      config::ConfigDocument{
          .text = "[[sources]]\nname = \"tv\"\npath = \"list.m3u\"\n"
                  "[[filters]]\nname = \"f\"\naction = \"exclude\"\n"
                  "expression = 'name == \"Two\"'\n"
                  "[[proxies]]\nname = \"home\"\nsources = [\"tv\"]\nfilters = [\"f\"]\n",
          .file = "f.toml",
          .folder = folder_},
      {}, {});
  ASSERT_TRUE(loaded.problems.empty());
  ProxyService service(storage(), loaded.configuration);
  const auto config = service.resolve("home");
  ASSERT_TRUE(config.has_value()) << to_string(config.error());
  const auto got = service.generate_proxy_with_config(*config, GenerationOutput::kInMemory);
  ASSERT_TRUE(got.has_value()) << to_string(got.error());
  EXPECT_EQ(got->stats.channels, 1U);
  EXPECT_EQ(to_string(service.resolve("hone").error()),
            "the configuration has no proxy called \"hone\" (did you mean \"home\"?)");
}

TEST(StorageConfig, HasAFolderOfItsOwnForDevelopment) {
  EXPECT_EQ(StorageConfig::default_config().output_dir, "m3u-proxy/output");
  EXPECT_EQ(StorageConfig::default_config().cache_dir, "m3u-proxy/cache");
  EXPECT_EQ(StorageConfig::minimal().output_dir, "m3u-proxy/output");
  EXPECT_EQ(StorageConfig::minimal().cache_dir, "");
  EXPECT_EQ(StorageConfig::development().output_dir, "m3u-proxy-dev/output");
  EXPECT_EQ(StorageConfig::development().spill_dir, "m3u-proxy-dev/spill");
}

}  // namespace
}  // namespace m3u_proxy::service
