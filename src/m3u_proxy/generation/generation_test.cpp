#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <m3u_proxy/formats/m3u_testing.hpp>
#include <m3u_proxy/generation/generation.hpp>
#include <m3u_proxy/generation/preview.hpp>
#include <m3u_proxy/rules/filter_set.hpp>
#include <m3u_proxy/rules/rule_set.hpp>

namespace m3u_proxy::generation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class GenerationTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "generation-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    outputs_ = {.playlist = folder_ / "p.m3u", .guide = folder_ / "p.xmltv"};
    context_ = {.budget = &budget_, .slabs = &slabs_, .cancel = &cancel_, .threads = 1};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void add_source(const std::string& name, std::string text,
                  const std::optional<Error>& error = std::nullopt) {
    channels::PlaylistSource source;
    source.name = name;
    source.url = "http://example.org/" + name;
    source.open = [text = std::move(text), error]() -> Result<std::unique_ptr<io::ByteSource>> {
      if (error && text.empty()) return fail(*error);
      return std::make_unique<formats::TextSource>(text, SIZE_MAX, error);
    };
    config_.sources.push_back(std::move(source));
  }
  void add_guide(const std::string& name, const std::string& text) {
    guide::EpgSource source;
    source.name = name;
    source.open = [text]() -> Result<std::unique_ptr<io::ByteSource>> {
      return std::make_unique<formats::TextSource>(text);
    };
    config_.epg_sources.push_back(std::move(source));
  }
  void set_rules(const std::vector<std::string>& expressions) {
    std::vector<rules::NamedRule> named;
    named.reserve(expressions.size());
    for (const std::string& text : expressions)
      named.push_back({.name = text.substr(0, 8),
                       .rule = *rules::compile_rule(catalog::Domain::kChannels, text)});
    config_.channel_rules = std::make_shared<rules::RuleSet>(named);
  }
  void set_filter(rules::FilterAction action, const std::string& text) {
    config_.channel_filters = std::make_shared<rules::FilterSet>(std::vector<rules::NamedFilter>{
        {.name = "filter",
         .action = action,
         .filter = *rules::compile_filter(catalog::Domain::kChannels, text)}});
  }
  Result<GenerationStats> run() {
    // What the test program itself takes is no part of the limit.
    const Bytes fixed = memory::process_memory().resident().value_or(Bytes{}) - budget_.used();
    memory::MemoryWatch memory(budget_, {.fixed = fixed});
    FilePublisher publisher(outputs_);
    return generate(config_, publisher, context_,
                    {.watch = {.memory = &memory}, .lineup = lineup_, .spill_folder = folder_});
  }
  static std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
  }

  memory::Budget budget_;
  memory::SlabPool slabs_{budget_};
  CancelToken cancel_;
  pipeline::RunContext context_;
  ResolvedProxyConfig config_;
  OutputPaths outputs_;
  LineupSink* lineup_ = nullptr;
  std::filesystem::path folder_;
};

std::string entry(const std::string& name, const std::string& attributes = "") {
  return "#EXTINF:-1" + attributes + "," + name + "\nhttp://h/" + name + "\n";
}

TEST_F(GenerationTest, SourcesComeInTheirOrderWithNumbers) {
  add_source("one", "#EXTM3U\n" + entry("A") + entry("B", " tvg-chno=\"1\""));
  add_source("two", "#EXTM3U\n" + entry("C"));
  const auto stats = run();
  ASSERT_TRUE(stats) << to_string(stats.error());
  EXPECT_EQ(read(outputs_.playlist),
            "#EXTM3U\n#EXTINF:-1 tvg-chno=\"2\",A\nhttp://h/A\n"
            "#EXTINF:-1 tvg-chno=\"1\",B\nhttp://h/B\n#EXTINF:-1 tvg-chno=\"3\",C\nhttp://h/C\n");
  EXPECT_EQ(stats->channels, 3U);
  EXPECT_FALSE(stats->degraded);
  EXPECT_THAT(files(), ElementsAre("p.m3u"));
}

TEST_F(GenerationTest, StagesAreReportedInOrder) {
  add_source("one", "#EXTM3U\n" + entry("A"));
  add_guide("g", "<tv></tv>");
  const auto stats = run();
  ASSERT_TRUE(stats) << to_string(stats.error());
  std::vector<std::string> names;
  for (const StageStats& stage : stats->stages) names.push_back(stage.name);
  EXPECT_THAT(names, ElementsAre("Source Loading", "Data Mapping", "Filtering", "Logo Caching",
                                 "Channel Numbering", "M3U Generation", "EPG Generation"));
}

TEST_F(GenerationTest, DuplicatesAreDroppedWithinASourceBeforeRules) {
  add_source("one", "#EXTM3U\n" + entry("A") + entry("A") + entry("B"));
  add_source("two", "#EXTM3U\n" + entry("A"));
  set_rules({"SET channel_name = \"X\""});
  const auto stats = run();
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->channels, 3U);
  EXPECT_EQ(stats->problems.of("duplicate"), 1U);
}

TEST_F(GenerationTest, RulesRunBeforeFilters) {
  add_source("one", "#EXTM3U\n" + entry("A") + entry("B"));
  set_rules({"channel_name equals \"A\" SET group_title = \"Keep\""});
  set_filter(rules::FilterAction::kInclude, "group_title equals \"Keep\"");
  const auto stats = run();
  ASSERT_TRUE(stats);
  EXPECT_THAT(read(outputs_.playlist), HasSubstr("group-title=\"Keep\" tvg-chno=\"1\",A\n"));
  EXPECT_EQ(stats->channels, 1U);
  EXPECT_EQ(stats->rules[0].matched, 1U);
  EXPECT_EQ(stats->filters_detail[0].evaluated, 2U);
}

TEST_F(GenerationTest, ASourceThatFailsIsReportedAndTheOthersGoOn) {
  add_source("bad", "", Error{.code = ErrorCode::kNetwork, .message = "HTTP 403"});
  add_source("html", "<html>Log in</html>");
  add_source("good", "#EXTM3U\n" + entry("A"));
  const auto stats = run();
  ASSERT_TRUE(stats);
  EXPECT_TRUE(stats->degraded);
  EXPECT_EQ(stats->channels, 1U);
  EXPECT_EQ(stats->sources_detail[0].error, "HTTP 403");
  EXPECT_THAT(stats->sources_detail[1].error, HasSubstr("HTML"));
}

TEST_F(GenerationTest, ATruncatedSourceIsPartial) {
  add_source("cut", "#EXTM3U\n" + entry("A") + "#EXTINF:-1,B\nhttp://h",
             Error{.code = ErrorCode::kParse, .message = "truncated"});
  const auto stats = run();
  ASSERT_TRUE(stats);
  EXPECT_TRUE(stats->degraded);
  EXPECT_TRUE(stats->sources_detail[0].partial);
  EXPECT_EQ(stats->channels, 1U);
}

TEST_F(GenerationTest, WhenEverySourceFailsTheLastFilesStay) {
  std::ofstream(outputs_.playlist) << "old";
  add_source("bad", "", Error{.code = ErrorCode::kNetwork, .message = "HTTP 403"});
  add_source("empty", "");
  const auto stats = run();
  ASSERT_FALSE(stats);
  EXPECT_THAT(stats.error().message, HasSubstr("every source failed"));
  EXPECT_EQ(read(outputs_.playlist), "old");
  EXPECT_THAT(files(), ElementsAre("p.m3u"));
}

TEST_F(GenerationTest, RefusedMemoryIsNeverABadSource) {
  std::string text = "#EXTM3U\n";
  for (int i = 0; i < 20000; ++i) text += entry("Channel " + std::to_string(i));
  add_source("good", text);
  std::ofstream(outputs_.playlist) << "old";
  budget_.set_limit(kib(256));
  const auto stats = run();
  ASSERT_FALSE(stats);
  EXPECT_EQ(stats.error().code, ErrorCode::kOverBudget);
  EXPECT_EQ(read(outputs_.playlist), "old");
  EXPECT_THAT(files(), ElementsAre("p.m3u"));
}

TEST_F(GenerationTest, EveryRefusalOfAReservationIsAnErrorThatReplacesNothing) {
  std::string text = "#EXTM3U\n";
  for (int i = 0; i < 3000; ++i) text += entry("Channel " + std::to_string(i));
  add_source("good", text);
  add_guide("g", "<tv><channel id=\"a\"><display-name>A</display-name></channel></tv>");
  std::ofstream(outputs_.playlist) << "old";
  std::uint64_t limit = kib(16).count;
  for (; limit < mib(64).count; limit += kib(96).count) {
    budget_.set_limit({limit});
    slabs_.trim();
    const auto stats = run();
    if (stats) break;
    ASSERT_EQ(stats.error().code, ErrorCode::kOverBudget) << to_string(stats.error());
    ASSERT_EQ(read(outputs_.playlist), "old");
    ASSERT_THAT(files(), ElementsAre("p.m3u"));
  }
  EXPECT_LT(limit, mib(64).count);
  slabs_.trim();
  EXPECT_EQ(budget_.used(), Bytes{});
}

TEST_F(GenerationTest, CancellingStopsAndReplacesNothing) {
  std::ofstream(outputs_.playlist) << "old";
  add_source("good", "#EXTM3U\n" + entry("A"));
  cancel_.cancel();
  const auto stats = run();
  ASSERT_FALSE(stats);
  EXPECT_EQ(stats.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(read(outputs_.playlist), "old");
}

TEST_F(GenerationTest, OutputDependsOnNeitherThreadsNorBatchSize) {
  std::string text = "#EXTM3U\n";
  for (int i = 0; i < 5000; ++i)
    text += entry(
        "Channel " + std::to_string(i),
        " tvg-id=\"id" + std::to_string(i) + "\" tvg-chno=\"" + std::to_string(i % 700) + "\"");
  add_source("good", text);
  set_rules({"channel_name matches \"^(.*) (\\d+)$\" SET channel_name = \"$2 $1\""});
  set_filter(rules::FilterAction::kExclude, "channel_name contains \"13\"");
  ASSERT_TRUE(run());
  const std::string expected = read(outputs_.playlist);
  for (const std::size_t threads : {1U, 2U, 5U}) {
    for (const std::size_t rows : {1U, 37U, 1000U, 100000U}) {
      context_.threads = threads;
      context_.batch_rows = rows;
      ASSERT_TRUE(run());
      ASSERT_EQ(read(outputs_.playlist), expected) << threads << " threads, " << rows << " rows";
    }
  }
}

TEST_F(GenerationTest, SaysWhatWasAddedAndRemoved) {
  add_source("s", "#EXTM3U\n" + entry("A") + entry("B"));
  const auto first = run();
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->has_previous);
  config_.sources.clear();
  add_source("s", "#EXTM3U\n" + entry("B") + entry("C") + entry("D"));
  const auto second = run();
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->has_previous);
  EXPECT_EQ(second->added, 2U);
  EXPECT_EQ(second->removed, 1U);
}

TEST_F(GenerationTest, MaxShrinkKeepsAListThatLostTooMuch) {
  add_source("s", "#EXTM3U\n" + entry("A") + entry("B") + entry("C"));
  ASSERT_TRUE(run());
  const std::string last = read(outputs_.playlist);
  config_.sources.clear();
  config_.max_shrink = 0.5;
  add_source("s", "#EXTM3U\n" + entry("A"));
  const auto refused = run();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("from 3 to 1 channels"));
  EXPECT_EQ(read(outputs_.playlist), last);
}

TEST_F(GenerationTest, MaxShrinkHoldsWhereMemoryIsShort) {
  std::string text = "#EXTM3U\n";
  for (int i = 0; i < 60000; ++i) text += entry("Channel " + std::to_string(i));
  add_source("s", text);
  ASSERT_TRUE(run());
  config_.sources.clear();
  config_.max_shrink = 0.5;
  add_source("s", "#EXTM3U\n" + entry("A"));
  slabs_.trim();
  budget_.set_limit(mib(3));  // too little to compare the lists, enough to count
  const auto refused = run();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("from 60000 to 1 channels"));
}

TEST_F(GenerationTest, AListWithoutChannelsIsNoGoodList) {
  std::ofstream(outputs_.playlist) << "old";
  add_source("ended", "#EXTM3U\n");
  const auto ended = run();
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().message, HasSubstr("no channels"));
  config_.sources.clear();
  add_source("separators", "#EXTM3U\n#EXTINF:-1,--- NEWS ---\n");
  EXPECT_FALSE(run());
  EXPECT_EQ(read(outputs_.playlist), "old");
}

TEST_F(GenerationTest, ProblemsAreTheSameForAnyThreads) {
  for (int source = 0; source < 20; ++source) {
    std::string text;
    for (int i = 0; i < 50; ++i) text += entry(std::to_string(i % 40)) + "#EXTINF:-1,no url\n";
    add_source("s" + std::to_string(source), text);
  }
  std::string expected;
  for (const std::size_t threads : {1U, 4U, 4U, 4U}) {
    context_.threads = threads;
    context_.batch_rows = 3;
    const auto stats = run();
    ASSERT_TRUE(stats);
    std::string told;
    for (const ProblemSample& sample : stats->problems.samples())
      told += sample.source + std::to_string(sample.line) + std::string(sample.reason) + "\n";
    if (expected.empty()) expected = told;
    ASSERT_EQ(told, expected);
  }
}

TEST_F(GenerationTest, WhatAHeaderlessListIsDoesNotDependOnBatchSize) {
  add_source("s", "http://a/1\nhttp://a/2\nhttp://a/3\n" + entry("X"));
  for (const std::size_t rows : {1U, 2U, 1000U}) {
    context_.batch_rows = rows;
    const auto stats = run();
    ASSERT_TRUE(stats) << rows;
    EXPECT_EQ(stats->channels, 4U);
  }
}

TEST_F(GenerationTest, PlaylistAndGuideAgreeOnOddIds) {
  add_source("tv", "#EXTM3U\n#EXTINF:-1 tvg-id='a\"b ',N\nhttp://h/1\n");
  add_guide("g",
            "<tv><programme start=\"20260101000000\" channel=\"a'b\"><title>T</title>"
            "</programme></tv>");
  const auto stats = run();
  ASSERT_TRUE(stats);
  EXPECT_THAT(read(outputs_.playlist), HasSubstr("tvg-id=\"a'b\""));
  EXPECT_EQ(stats->guide.matched, 1U);
}

TEST_F(GenerationTest, CredentialsInHeadersAndProblemsAreNotReported) {
  add_source("tv",
             "#EXTM3U url-tvg=\"http://h/xmltv.php?username=joe&password=secret\"\n"
             "http://h/get.php?username=joe&password=secret\n");
  const auto stats = run();
  ASSERT_TRUE(stats);
  EXPECT_THAT(stats->sources_detail[0].guide_urls[0], testing::Not(HasSubstr("secret")));
  ASSERT_THAT(stats->problems.samples(), SizeIs(1));
  EXPECT_THAT(stats->problems.samples()[0].detail, testing::Not(HasSubstr("secret")));
}

TEST_F(GenerationTest, StreamUrlsOfTheProxyUseStableIds) {
  config_.mode = UrlMode::kRedirect;
  config_.base_url = "http://b";
  config_.name = "default";
  add_source("tv", "#EXTM3U\n#EXTINF:-1,N\nhttp://h/live/u/p/42.ts\n");
  ASSERT_TRUE(run());
  EXPECT_EQ(read(outputs_.playlist), "#EXTM3U\n#EXTINF:-1 tvg-chno=\"1\",N\nhttp://b/stream/" +
                                         to_base64url(proxy_id("default")) +
                                         "/zGzZE0stVfGWB7-Qh9n5rA\n");
}

/// A lineup as lines: number, name, group, guide id, address, source, rules, filters, directives.
class LineupLines final : public LineupSink {
 public:
  Result<> begin(const LineupInfo& info) override {
    lines.clear();
    rules_.assign(info.rules.begin(), info.rules.end());
    filters_.assign(info.filters.begin(), info.filters.end());
    for (const channels::SourceInfo& source : info.sources) sources_.push_back(source.name);
    return {};
  }
  Result<> add(const LineupBatch& batch, const channels::ItemPart* part) override {
    EXPECT_EQ(part, nullptr);
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      if (!batch.is_written(row)) continue;
      const LineupChannel channel = batch.at(row);
      EXPECT_NE(channel.id, Uuid{});
      std::string line;
      for (const std::string_view text :
           {channel.number, channel.name, channel.group, channel.guide_id, channel.stream_url})
        line.append(text).append(";");
      line += sources_.at(channel.source);
      for (const std::uint16_t rule : channel.rules) line += " rule " + rules_.at(rule);
      for (const std::uint16_t filter : channel.filters) line += " filter " + filters_.at(filter);
      for (const std::string_view directive : channel.directives)
        line.append(" ").append(directive);
      lines.push_back(line);
    }
    return {};
  }

  std::vector<std::string> lines;

 private:
  std::vector<std::string> rules_;
  std::vector<std::string> filters_;
  std::vector<std::string> sources_;
};

TEST_F(GenerationTest, TheLineupHasTheChannelsAsWrittenAndWhatTouchedThem) {
  config_.mode = UrlMode::kRedirect;
  config_.base_url = "http://b";
  add_source("tv", "#EXTM3U\n" + entry("A", " tvg-id=\"a\" group-title=\"G\"") + entry("B") +
                       "#EXTINF:-1,C\n#KODIPROP:x=1\nhttp://h/C\n");
  add_source("radio", "#EXTM3U\n" + entry("D"));
  set_rules({"channel_name equals \"A\" SET tvg_name = \"a\"", "SET attr:x = \"1\""});
  set_filter(rules::FilterAction::kExclude, "channel_name equals \"B\"");
  ASSERT_TRUE(run());
  const std::string without = read(outputs_.playlist);
  LineupLines lineup;
  lineup_ = &lineup;
  for (const bool sorted : {false, true}) {
    if (sorted)
      config_.sort = {{.field = *catalog::find_field(catalog::Domain::kChannels, "channel_name")}};
    ASSERT_TRUE(run());
    EXPECT_EQ(read(outputs_.playlist), without);  // byte for byte
    EXPECT_THAT(lineup.lines, ElementsAre("1;A;G;a;http://h/A;tv rule channel_ rule SET attr",
                                          "2;C;;;http://h/C;tv rule SET attr #KODIPROP:x=1",
                                          "3;D;;;http://h/D;radio rule SET attr"));
  }
}

TEST_F(GenerationTest, AFilterThatLetsAChannelInIsNamedInTheLineup) {
  add_source("tv", "#EXTM3U\n" + entry("A") + entry("B"));
  set_filter(rules::FilterAction::kInclude, "channel_name equals \"B\"");
  LineupLines lineup;
  lineup_ = &lineup;
  ASSERT_TRUE(run());
  EXPECT_THAT(lineup.lines, ElementsAre("1;B;;;http://h/B;tv filter filter"));
}

TEST_F(GenerationTest, LogoHelperBecomesAnAddress) {
  config_.base_url = "http://b";
  add_source("tv", "#EXTM3U\n" + entry("A"));
  set_rules({"SET tvg_logo = \"@logo:957bdbb4-37f4-51ee-873b-f148c10969c2\""});
  ASSERT_TRUE(run());
  EXPECT_THAT(read(outputs_.playlist),
              HasSubstr("tvg-logo=\"http://b/logos/957bdbb4-37f4-51ee-873b-f148c10969c2\""));
}

TEST_F(GenerationTest, LogosOfTheWebComeFromUsInListsThatWeServe) {
  config_.base_url = "http://b";
  config_.cache_logos = true;
  add_source("tv", "#EXTM3U\n" + entry("A", " tvg-id=\"a\" tvg-logo=\"http://h/a.png\"") +
                       entry("B", " tvg-logo=\"file:///b.png\""));
  add_guide("g",
            "<tv><channel id=\"a\"><display-name>A</display-name></channel>"
            "<programme channel=\"a\" start=\"20260101000000\"><title>T</title></programme></tv>");
  ASSERT_TRUE(run());
  EXPECT_THAT(read(outputs_.playlist), HasSubstr("tvg-logo=\"http://h/a.png\""));
  config_.output_token = "T";
  ASSERT_TRUE(run());
  EXPECT_THAT(read(outputs_.playlist), HasSubstr("tvg-logo=\"http://b/logo/T/"));
  EXPECT_THAT(read(outputs_.playlist), HasSubstr("tvg-logo=\"file:///b.png\""));
  EXPECT_THAT(read(outputs_.guide), HasSubstr("<icon src=\"http://b/logo/T/"));
  config_.cache_logos = false;
  ASSERT_TRUE(run());
  EXPECT_THAT(read(outputs_.playlist), HasSubstr("tvg-logo=\"http://h/a.png\""));
}

TEST_F(GenerationTest, UploadedLogoHasTheTokenInListsThatWeServe) {
  config_.base_url = "http://b";
  config_.output_token = "T";
  add_source("tv", "#EXTM3U\n" + entry("A"));
  set_rules({"SET tvg_logo = \"@logo:957bdbb4-37f4-51ee-873b-f148c10969c2\"",
             "SET attr:art = \"@logo:957bdbb4-37f4-51ee-873b-f148c10969c2\""});
  ASSERT_TRUE(run());
  const std::string address = "http://b/logo/T/957bdbb4-37f4-51ee-873b-f148c10969c2";
  EXPECT_THAT(read(outputs_.playlist), HasSubstr("tvg-logo=\"" + address + "\""));
  EXPECT_THAT(read(outputs_.playlist), HasSubstr("art=\"" + address + "\""));
}

TEST_F(GenerationTest, FillTvgIdGivesEveryChannelAnId) {
  config_.fill_tvg_id = true;
  add_source("tv",
             "#EXTM3U\n#EXTINF:-1,N\nhttp://h/live/u/p/42.ts\n" + entry("B", " tvg-id=\"own\""));
  ASSERT_TRUE(run());
  EXPECT_THAT(read(outputs_.playlist), HasSubstr("tvg-id=\"zGzZE0stVfGWB7-Qh9n5rA\""));
  EXPECT_THAT(read(outputs_.playlist), HasSubstr("tvg-id=\"own\""));
}

TEST_F(GenerationTest, ValuesBeyond64KilobytesAreDroppedAndCounted) {
  add_source("tv", "#EXTM3U\n" + entry("A", " tvg-logo=\"" + std::string(70000, 'l') + "\"") +
                       "#EXTINF:-1,B\nhttp://" + std::string(70000, 'u') + "\n");
  const auto stats = run();
  ASSERT_TRUE(stats);
  EXPECT_EQ(read(outputs_.playlist), "#EXTM3U\n#EXTINF:-1 tvg-chno=\"1\",A\nhttp://h/A\n");
  EXPECT_EQ(stats->problems.of("value_too_long"), 2U);
}

TEST_F(GenerationTest, RangesGiveSourcesAndGroupsNumbersOfTheirOwn) {
  config_.numbering = channels::NumberingMode::kRanges;
  config_.ranges = {{.source = "two", .group = "", .first = 500, .last = 501},
                    {.source = "", .group = "News", .first = 100, .last = 199}};
  add_source("one", "#EXTM3U\n" + entry("A", " group-title=\"News\"") + entry("B"));
  add_source("two", "#EXTM3U\n" + entry("C") + entry("D") + entry("E"));
  const auto stats = run();
  ASSERT_TRUE(stats);
  const formats::ReadList list = formats::read_text(read(outputs_.playlist));
  std::vector<std::string> numbers;
  numbers.reserve(list.channels.size());
  for (const formats::TestChannel& channel : list.channels) numbers.push_back(channel.chno);
  EXPECT_THAT(numbers, ElementsAre("100", "1", "500", "501", "502"));
  EXPECT_EQ(stats->problems.of("number_range_overflow"), 1U);
}

TEST_F(GenerationTest, SequentialNumberingIgnoresWhatWasGiven) {
  config_.numbering = channels::NumberingMode::kSequential;
  config_.starting_channel_number = 10;
  add_source("one", "#EXTM3U\n" + entry("A", " tvg-chno=\"5\"") + entry("B"));
  ASSERT_TRUE(run());
  EXPECT_THAT(read(outputs_.playlist), HasSubstr("tvg-chno=\"10\",A"));
  EXPECT_THAT(read(outputs_.playlist), HasSubstr("tvg-chno=\"11\",B"));
}

TEST_F(GenerationTest, TheGuideHasTheChannelsAndTheirProgrammes) {
  add_source("tv", "#EXTM3U\n" + entry("A", " tvg-id=\"a\"") + entry("B", " tvg-id=\"b\""));
  add_guide("g",
            "<tv><channel id=\"a\"><display-name>A own</display-name></channel>"
            "<programme start=\"20260101000000\" stop=\"20260101010000\" channel=\"a\">"
            "<title>T</title></programme></tv>");
  config_.base_url = "http://b";
  config_.compress = true;
  const auto stats = run();
  ASSERT_TRUE(stats) << to_string(stats.error());
  const std::string guide = read(outputs_.guide);
  EXPECT_THAT(guide, HasSubstr("<channel id=\"a\">"));
  EXPECT_THAT(guide, HasSubstr("<title>T</title>"));
  EXPECT_THAT(guide, testing::Not(HasSubstr("id=\"b\"")));
  EXPECT_THAT(read(outputs_.playlist), HasSubstr("url-tvg=\"http://b/p.xmltv\""));
  EXPECT_EQ(stats->guide.matched, 1U);
  EXPECT_EQ(stats->guide.of, 2U);
  EXPECT_THAT(files(), ElementsAre("p.m3u", "p.m3u.gz", "p.xmltv", "p.xmltv.gz"));
}

TEST_F(GenerationTest, WhenEveryEpgSourceFailsTheOldGuideStays) {
  std::ofstream(outputs_.guide) << "old guide";
  add_source("tv", "#EXTM3U\n" + entry("A", " tvg-id=\"a\""));
  add_guide("g", "{\"error\": 1}");
  const auto stats = run();
  ASSERT_TRUE(stats);
  EXPECT_TRUE(stats->degraded);
  EXPECT_FALSE(stats->guide_written);
  EXPECT_EQ(read(outputs_.guide), "old guide");
}

TEST_F(GenerationTest, PreviewShowsWhatRulesChange) {
  add_source("tv", "#EXTM3U\n" + entry("A HD") + entry("B"));
  set_rules(
      {"channel_name matches \"^(.*) HD$\" SET channel_name = \"$1\", attr:quality = \"HD\""});
  const auto result = preview(config_, context_, 10);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->evaluated, 2U);
  EXPECT_EQ(result->matched, 1U);
  ASSERT_THAT(result->items, SizeIs(1));
  EXPECT_THAT(result->items[0].before, ElementsAre(testing::Pair("channel_name", "A HD"),
                                                   testing::Pair("attr:quality", "")));
  EXPECT_THAT(result->items[0].after,
              ElementsAre(testing::Pair("channel_name", "A"), testing::Pair("attr:quality", "HD")));
}

}  // namespace
}  // namespace m3u_proxy::generation
