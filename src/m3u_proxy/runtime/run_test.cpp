// Runs under one Process: alone, and side by side.
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/memory/process_memory.hpp>
#include <m3u_proxy/runtime/configured.hpp>

namespace m3u_proxy::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int kChannels = 20'000;

std::string playlist(const std::string& name) {
  std::string text = "#EXTM3U\n";
  for (int i = 0; i < kChannels; ++i)
    text += fmt::format(
        "#EXTINF:-1 tvg-id=\"{0}{1}\" group-title=\"G{2}\" tvg-chno=\"{3}\" catchup=\"default\","
        "{0} channel with a name {1}\nhttp://example.org/{0}/live/some/longer/path/{1}.ts\n",
        name, i, i % 9, i % 50);
  return text;
}

std::string guide(const std::string& name) {
  std::string text = "<tv>\n";
  for (int i = 0; i < kChannels; i += 10)
    for (int hour = 0; hour < 12; ++hour)
      text += fmt::format(
          "<programme start=\"20260101{:02}0000 +0000\" stop=\"20260101{:02}5900 +0000\" "
          "channel=\"{}{}\"><title>Film {}</title><desc>What happens in it</desc></programme>\n",
          hour, hour, name, i, i + hour);
  return text + "</tv>\n";
}

config::SourceConfig source(const std::string& name, const std::filesystem::path& file) {
  config::SourceConfig out;
  out.name.name = name;
  out.location = file.string();
  return out;
}

class RunTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* const name : {"one", "two"}) {
      const std::string text(name);
      write(text + ".m3u", playlist(text));
      write(text + ".xml", guide(text));
      configuration_.sources.push_back(source(text, folder_ / (text + ".m3u")));
      configuration_.epg_sources.push_back(source(text, folder_ / (text + ".xml")));
      config::ProxyConfig proxy;
      proxy.name.name = text;
      proxy.sources = {{.name = text}};
      proxy.epg_sources = {{.name = text}};
      configuration_.proxies.push_back(proxy);
    }
    configuration_.proxy_memory.max_memory_mb = {.kind = memory::MemoryLimitSetting::Kind::kNone,
                                                 .fixed = {}};
    std::filesystem::create_directory(folder_ / "out");
  }
  /// The limit lets the runs take so much beside what the test has itself.
  void limit_to(Bytes room) {
    configuration_.proxy_memory.max_memory_mb = {
        .kind = memory::MemoryLimitSetting::Kind::kFixed,
        .fixed = *memory::process_memory().resident() + room};
  }
  void write(const std::string& name, std::string_view text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder_ / name, std::ios::binary).rdbuf();
    return text.str();
  }
  [[nodiscard]] std::map<std::string, std::string> published() const {
    std::map<std::string, std::string> files;
    for (const char* const name : {"one.m3u", "two.m3u", "one.xmltv", "two.xmltv"})
      files[name] = read(std::string("out/") + name);
    return files;
  }
  [[nodiscard]] std::unique_ptr<Process> make_process() const {
    auto process = Process::create(process_options(configuration_, folder_ / "out"));
    EXPECT_TRUE(process) << to_string(process.error());
    return process ? *std::move(process) : nullptr;
  }
  Result<generation::GenerationStats> generate(Process& process, std::size_t proxy) {
    RunOptions options = run_options(configuration_);
    options.threads = 2;
    runtime::Run run(process, std::move(options));
    return generate_to_files(configuration_, configuration_.proxies[proxy], run, folder_ / "out");
  }
  [[nodiscard]] std::vector<std::string> left_in_output() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "out"))
      if (const std::string name = entry.path().filename(); !published().contains(name))
        names.push_back(name);
    std::ranges::sort(names);
    return names;
  }

  io::TestFolder folder_;
  config::Configuration configuration_;
};

TEST_F(RunTest, TwoAtOnceUnderOneLimitPublishWhatEachDoesAlone) {
  {
    const auto process = make_process();
    for (const std::size_t proxy : {0U, 1U}) ASSERT_TRUE(generate(*process, proxy));
  }
  const auto expected = published();
  ASSERT_GT(expected.at("two.xmltv").size(), 100'000U);
  std::filesystem::remove_all(folder_ / "out");
  std::filesystem::create_directory(folder_ / "out");

  limit_to(mib(48));
  const auto process = make_process();
  std::array<Result<generation::GenerationStats>, 2> stats;
  {
    const std::jthread other([&] { stats[1] = generate(*process, 1); });
    stats[0] = generate(*process, 0);
  }
  for (const auto& each : stats) {
    ASSERT_TRUE(each) << to_string(each.error());
    EXPECT_EQ(each->channels, static_cast<std::uint64_t>(kChannels));
    EXPECT_GT(each->peak_memory_usage_mb, process->fixed().mb());
    EXPECT_LE(each->budget.peak_reserved_mb, each->budget.limit_mb);
#ifndef M3U_PROXY_SANITIZED
    EXPECT_LE(each->peak_memory_usage_mb, each->budget.limit_mb);
    EXPECT_LT(each->budget.unaccounted_peak_mb, 16);
#endif
  }
  EXPECT_EQ(published(), expected);
  // What nobody reserved is charged once, and nothing else stays reserved.
  process->slabs().trim();
  EXPECT_EQ(process->budget().used(), process->budget().used(memory::Tag::kUnaccounted));
  EXPECT_THAT(left_in_output(), ElementsAre(".one.history.json", ".two.history.json"));
}

TEST_F(RunTest, TheKernelsPeakIsThatOfTheHighestRun) {
  const auto process = make_process();
  const auto stats = generate(*process, 0);
  ASSERT_TRUE(stats) << to_string(stats.error());
  for (const generation::StageStats& stage : stats->stages)
    EXPECT_LE(stage.peak_memory_mb, stats->peak_memory_usage_mb + 0.001) << stage.name;
  // Nothing has reset it: it is at least what the run had.
  EXPECT_GE(memory::process_memory().peak()->mb(), stats->peak_memory_usage_mb - 0.001);
}

TEST_F(RunTest, NothingWaitsOnDiskBehindARun) {
  const auto process = make_process();
  ASSERT_TRUE(generate(*process, 0));
  EXPECT_THAT(left_in_output(), ElementsAre(".one.history.json"));
}

TEST_F(RunTest, ALimitBelowTheLeastIsRefusedWithTheLeast) {
  limit_to(mib(2));
  const auto process = Process::create(process_options(configuration_, folder_ / "out"));
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().code, ErrorCode::kOverBudget);
  EXPECT_THAT(process.error().hint, ::testing::HasSubstr("the least that works is "));
}

TEST_F(RunTest, TheLimitChangesWhileTheProcessLives) {
  using Kind = memory::MemoryLimitSetting::Kind;
  const auto process = make_process();
  const auto change = [&](Kind kind, Bytes fixed) {
    return process->change_memory_limit({.kind = kind, .fixed = fixed});
  };
  const Bytes program = process->fixed() + mib(3);
  EXPECT_EQ(change(Kind::kFixed, program + mib(20)), true);
  EXPECT_EQ(process->memory_limit(), program + mib(20));
  EXPECT_EQ(process->budget().limit(), mib(20));
  auto taken = process->budget().reserve(memory::Tag::kStore, mib(15));
  ASSERT_TRUE(taken);
  EXPECT_EQ(change(Kind::kFixed, program + mib(10)), false);
  EXPECT_EQ(process->memory_limit(), program + mib(20));
  const auto too_little = change(Kind::kFixed, program + mib(1));
  ASSERT_FALSE(too_little);
  EXPECT_THAT(too_little.error().hint, ::testing::HasSubstr("the least that works is "));
  taken->release();
  EXPECT_EQ(change(Kind::kFixed, program + mib(10)), true);
  EXPECT_FALSE(process->budget().reserve(memory::Tag::kStore, mib(15)));
  EXPECT_EQ(change(Kind::kNone, {}), true);
  EXPECT_EQ(process->memory_limit(), std::nullopt);
  EXPECT_TRUE(process->budget().reserve(memory::Tag::kStore, mib(15)));
}

TEST_F(RunTest, TheProcessRemembersItsCleanupsAndWhatWasSpilled) {
  const auto process = make_process();
  ASSERT_TRUE(generate(*process, 0));
  const auto cleanups = process->cleanups().entries();
  ASSERT_FALSE(cleanups.empty());
  EXPECT_EQ(cleanups.back().stats.stage, "Source Loading");
  const auto part = process->make_spill_space();
  const std::uint64_t files = process->spilled().files;
  const auto file = part->create_file();
  if (!file) GTEST_SKIP() << "temporary files are in memory here";
  ASSERT_TRUE((*file)->write("12345"));
  EXPECT_EQ(process->spilled().files, files + 1);
  EXPECT_EQ(process->spilled().live, 5U);
}

TEST_F(RunTest, TwoRunsShareOneAccountOfTemporaryFiles) {
  configuration_.proxy_memory.max_spill_mb = 2;
  const auto process = make_process();
  const auto one = process->make_spill_space();
  const auto two = process->make_spill_space();
  auto first = one->create_file();
  auto second = two->create_file();
  if (!first && first.error().code == ErrorCode::kInvalidArgument)
    GTEST_SKIP() << "temporary files are in memory here";
  ASSERT_TRUE(first && second);
  const std::string text(std::size_t{3} << 19U, 'x');  // 1.5 MB
  ASSERT_TRUE((*first)->write(text));
  const auto refused = (*second)->write(text);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kDiskFull);
  first->reset();
  EXPECT_TRUE((*second)->write(text));
  EXPECT_EQ(one->stats().total, text.size());
  EXPECT_EQ(two->stats().total, text.size());
}

TEST_F(RunTest, SizeOfARunIsThatOfItsFiles) {
  write("a.m3u", "12345");
  write("b.m3u", "123");
  write("g.xml", "1234567");
  config::Configuration configuration;
  configuration.sources = {source("a", folder_ / "a.m3u"),
                           source("b", "file://" + (folder_ / "b.m3u").string()),
                           source("web", "https://example.org/list.m3u")};
  configuration.epg_sources = {source("g", folder_ / "g.xml")};
  config::ProxyConfig proxy;
  proxy.sources = {{.name = "a"}, {.name = "b"}};
  proxy.epg_sources = {{.name = "g"}};
  EXPECT_EQ(size_of_run(configuration, proxy).source_bytes, 8U);
  EXPECT_EQ(size_of_run(configuration, proxy).guide_bytes, 7U);
  proxy.sources.push_back({.name = "web"});
  EXPECT_EQ(size_of_run(configuration, proxy).source_bytes, 0U);
}

}  // namespace
}  // namespace m3u_proxy::runtime
