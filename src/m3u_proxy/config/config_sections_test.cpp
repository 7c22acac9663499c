#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/config/config_keys.hpp>
#include <m3u_proxy/config/config_sections.hpp>

namespace m3u_proxy::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Read {
  Configuration configuration;
  std::vector<std::string> problems;
  std::vector<std::string> not_acted_on;
};

Read read(std::string_view text) {
  Read out;
  const auto tree = parse_toml(text, "f.toml");
  EXPECT_TRUE(tree.has_value()) << text;
  if (!tree) return out;
  ConfigReader reader;
  read_document(reader, *tree, out.configuration);
  for (const ConfigProblem& problem : reader.take_problems())
    out.problems.push_back(to_string(problem));
  out.not_acted_on = reader.take_not_acted_on();
  return out;
}

TEST(ConfigSections, HaveTheDocumentedDefaults) {
  const Configuration c = read("").configuration;
  EXPECT_EQ(c.proxy_memory.max_memory_mb.kind, MemoryLimitSetting::Kind::kAuto);
  EXPECT_EQ(c.proxy_memory.batch_size, 1000U);
  EXPECT_EQ(c.proxy_memory.memory_check_interval, 100U);
  EXPECT_EQ(c.proxy_memory.warning_threshold, 0.8);
  EXPECT_EQ(c.proxy_memory.cleanup_strategy, CleanupChoice::kAuto);
  EXPECT_FALSE(c.memory_cleanup.aggressive_cleanup);
  EXPECT_TRUE(c.memory_cleanup.cleanup_between_stages);
  EXPECT_EQ(c.memory_monitoring.peak_memory_alert_mb, 1024);
  EXPECT_EQ(c.memory_monitoring.cleanup_failure_threshold, 5U);
  EXPECT_EQ(c.memory_pools.channel_pool_size, 10000U);
  EXPECT_EQ(c.memory_pools.temp_buffer_size, 1048576U);
  EXPECT_EQ(c.wasm_plugins.max_memory_per_plugin, 64U);
}

TEST(ConfigSections, ReadEveryKeyOfTheMemorySections) {
  const Read got = read(R"(
[proxy_memory]
max_memory_mb = 512
batch_size = 500
memory_check_interval = 50
warning_threshold = 0.9
cleanup_strategy = "smart"
pressure_thresholds = "system"
spill_dir = "/var/tmp"
max_spill_mb = 100
max_download_mb = 50
[memory_cleanup]
aggressive_cleanup = true
memory_pressure_threshold_mb = 256
cleanup_between_stages = false
auto_gc_interval = "1m30s"
force_cleanup_frequency = 10
detailed_logging = true
track_cleanup_history = true
[memory_monitoring]
peak_memory_alert_mb = 2048
efficiency_alert_threshold = 12.5
cleanup_failure_threshold = 7
plugin_memory_leak_threshold = 60
[memory_pools]
channel_pool_size = 1
metadata_pool_size = 2
temp_buffer_size = 65536
[wasm_plugins]
enabled = true
max_memory_per_plugin = 32
timeout_seconds = 5
max_plugin_failures = 1
)");
  EXPECT_THAT(got.problems, IsEmpty());
  const Configuration& c = got.configuration;
  EXPECT_EQ(c.proxy_memory.max_memory_mb.fixed, mib(512));
  EXPECT_EQ(c.proxy_memory.batch_size, 500U);
  EXPECT_EQ(c.proxy_memory.memory_check_interval, 50U);
  EXPECT_EQ(c.proxy_memory.warning_threshold, 0.9);
  EXPECT_EQ(c.proxy_memory.cleanup_strategy, CleanupChoice::kSmart);
  EXPECT_EQ(c.proxy_memory.pressure_thresholds, PressureThresholds::kSystem);
  EXPECT_EQ(c.proxy_memory.spill_dir, "/var/tmp");
  EXPECT_EQ(c.proxy_memory.max_spill_mb, 100U);
  EXPECT_EQ(c.proxy_memory.max_download_mb, 50U);
  EXPECT_TRUE(c.memory_cleanup.aggressive_cleanup);
  EXPECT_EQ(c.memory_cleanup.memory_pressure_threshold_mb, 256U);
  EXPECT_FALSE(c.memory_cleanup.cleanup_between_stages);
  EXPECT_EQ(c.memory_cleanup.auto_gc_interval, std::chrono::seconds(90));
  EXPECT_EQ(c.memory_cleanup.force_cleanup_frequency, std::chrono::seconds(10));
  EXPECT_TRUE(c.memory_cleanup.detailed_logging);
  EXPECT_TRUE(c.memory_cleanup.track_cleanup_history);
  EXPECT_EQ(c.memory_monitoring.peak_memory_alert_mb, 2048);
  EXPECT_EQ(c.memory_monitoring.efficiency_alert_threshold, 12.5);
  EXPECT_EQ(c.memory_monitoring.cleanup_failure_threshold, 7U);
  EXPECT_EQ(c.memory_monitoring.plugin_memory_leak_threshold, 60);
  EXPECT_EQ(c.memory_pools.channel_pool_size, 1U);
  EXPECT_EQ(c.memory_pools.metadata_pool_size, 2U);
  EXPECT_EQ(c.memory_pools.temp_buffer_size, 65536U);
  EXPECT_TRUE(c.wasm_plugins.enabled);
  EXPECT_EQ(c.wasm_plugins.max_memory_per_plugin, 32U);
  EXPECT_EQ(c.wasm_plugins.timeout_seconds, 5U);
  EXPECT_EQ(c.wasm_plugins.max_plugin_failures, 1U);
}

struct Section {
  bool now = false;
  bool later = false;
};

TEST(ConfigKeys, ThatAreNotActedOnAreSaidOnce) {
  static constexpr Key<Section> kKeys[] = {{"now", Acted::kNow, flag<&Section::now>},
                                           {"later", Acted::kLater, flag<&Section::later>}};
  const auto table = parse_toml("now = true\nlater = true\n", "f.toml");
  ASSERT_TRUE(table.has_value());
  ConfigReader reader;
  Section section;
  read_table(reader, *table, "section", kKeys, {}, section);
  read_table(reader, *table, "section", kKeys, {}, section);
  EXPECT_TRUE(section.later);
  EXPECT_THAT(reader.take_not_acted_on(), ElementsAre("section.later"));
}

TEST(ConfigSections, ReadTheMemoryLimitAsNumberAutoOrNone) {
  const auto limit = [](std::string_view value) {
    return read("[proxy_memory]\nmax_memory_mb = " + std::string(value))
        .configuration.proxy_memory.max_memory_mb;
  };
  EXPECT_EQ(limit("\"auto\"").kind, MemoryLimitSetting::Kind::kAuto);
  EXPECT_EQ(limit("\"none\"").kind, MemoryLimitSetting::Kind::kNone);
  EXPECT_EQ(limit("48").fixed, mib(48));
  EXPECT_EQ(limit("\"64MiB\"").fixed, mib(64));
  EXPECT_THAT(read("[proxy_memory]\nmax_memory_mb = 0").problems,
              ElementsAre("f.toml:2:17: proxy_memory.max_memory_mb is 0, expected a number of MB "
                          "(at least 1), \"auto\" or \"none\""));
}

TEST(ConfigSections, MapUseCasesToCleanupStrategies) {
  using memory::CleanupStrategy;
  const auto strategy = [](std::string_view keys) {
    const ProxyMemoryConfig c =
        read("[proxy_memory]\n" + std::string(keys)).configuration.proxy_memory;
    return memory::chosen_cleanup_strategy(c.cleanup_strategy, c.use_case);
  };
  EXPECT_EQ(strategy(""), std::nullopt);
  EXPECT_EQ(strategy("use_case = \"high_throughput\""), CleanupStrategy::kBasic);
  EXPECT_EQ(strategy("use_case = \"memory_constrained\""), CleanupStrategy::kAggressive);
  EXPECT_EQ(strategy("use_case = \"balanced\""), CleanupStrategy::kSmart);
}

TEST(ConfigSections, CleanupStrategyWinsOverTheUseCase) {
  for (const char* keys : {"use_case = \"balanced\"\ncleanup_strategy = \"basic\"",
                           "cleanup_strategy = \"basic\"\nuse_case = \"balanced\""}) {
    const ProxyMemoryConfig c =
        read("[proxy_memory]\n" + std::string(keys)).configuration.proxy_memory;
    EXPECT_EQ(memory::chosen_cleanup_strategy(c.cleanup_strategy, c.use_case),
              memory::CleanupStrategy::kBasic);
  }
}

TEST(ConfigSections, ReadAnUnknownUseCaseAsAProblem) {
  const Read got = read("[proxy_memory]\nuse_case = \"balance\"");
  EXPECT_EQ(got.configuration.proxy_memory.use_case, std::nullopt);
  EXPECT_THAT(got.problems, ElementsAre(::testing::HasSubstr("did you mean \"balanced\"?")));
}

TEST(ConfigSections, TakeZeroAsLeftOut) {
  const MemoryCleanupConfig c = read(R"(
[memory_cleanup]
memory_pressure_threshold_mb = 0
auto_gc_interval = "0s"
force_cleanup_frequency = 0
)")
                                    .configuration.memory_cleanup;
  EXPECT_EQ(c.memory_pressure_threshold_mb, std::nullopt);
  EXPECT_EQ(c.auto_gc_interval, std::nullopt);
  EXPECT_EQ(c.force_cleanup_frequency, std::nullopt);
}

TEST(ConfigSections, ReadSources) {
  const Read got = read(R"(
[[sources]]
name = "tv"
url = "https://example.org/list.m3u"
encoding = "windows-1251"
user_agent = "Player/1"
headers = { "X-Key" = "abc", Accept = "*/*" }
[[sources]]
name = "local"
path = "list.m3u"
encoding = "auto"
[[epg_sources]]
name = "guide"
url = "https://example.org/guide.xml.gz"
time_offset = "+1h30m"
)");
  EXPECT_THAT(got.problems, IsEmpty());
  ASSERT_EQ(got.configuration.sources.size(), 2U);
  const SourceConfig& tv = got.configuration.sources[0];
  EXPECT_EQ(tv.name.name, "tv");
  EXPECT_EQ(tv.location, "https://example.org/list.m3u");
  EXPECT_EQ(tv.encoding, "windows-1251");
  EXPECT_EQ(tv.user_agent, "Player/1");
  EXPECT_THAT(tv.headers, ElementsAre(std::pair<std::string, std::string>("X-Key", "abc"),
                                      std::pair<std::string, std::string>("Accept", "*/*")));
  EXPECT_EQ(got.configuration.sources[1].location, "list.m3u");
  EXPECT_EQ(got.configuration.sources[1].encoding, "");
  EXPECT_EQ(got.configuration.epg_sources[0].time_offset_seconds, 5400);
}

TEST(ConfigSections, ReadEveryKeyOfAProxy) {
  const Read got = read(R"(
[[proxies]]
name = "home"
sources = ["tv", "more"]
epg_sources = ["guide"]
filters = ["f"]
rules = ["r"]
starting_channel_number = 100
numbering = "ranges"
ranges = [{ group = "News", first = 100, last = 199 }, { source = "tv", first = 500 }]
match = "name"
mode = "redirect"
base_url = "http://192.168.1.2:8080/"
name_style = "no_commas"
fill_tvg_id = true
compress = true
max_shrink = "50%"
allow_empty = true
use_playlist_guides = true
tvg_shift = "apply"
window = "days"
days_behind = 2
days_ahead = 3
include_past_programmes = true
deduplicate_programmes = true
strict_dtd = true
normalize_to_utc = true
all_channels = true
sort = [{ field = "group_title", order = "desc" },
        { field = "name", order = "sequence", sequence = ["^News", "sport"] }]
)");
  EXPECT_THAT(got.problems, IsEmpty());
  EXPECT_THAT(got.not_acted_on, IsEmpty());
  ASSERT_EQ(got.configuration.proxies.size(), 1U);
  const ProxyConfig& p = got.configuration.proxies[0];
  EXPECT_EQ(p.name.name, "home");
  ASSERT_EQ(p.sources.size(), 2U);
  EXPECT_EQ(p.sources[1].name, "more");
  EXPECT_EQ(p.sources[1].where.line, 4U);
  ASSERT_EQ(p.sort.size(), 2U);
  EXPECT_EQ(p.sort[0].order, channels::ChannelOrder::kDescending);
  EXPECT_EQ(p.sort[1].order, channels::ChannelOrder::kSequence);
  EXPECT_EQ(p.sort[1].sequence.size(), 2U);
  EXPECT_EQ(p.starting_channel_number, 100U);
  EXPECT_EQ(p.numbering, channels::NumberingMode::kRanges);
  ASSERT_EQ(p.ranges.size(), 2U);
  EXPECT_EQ(p.ranges[0].group, "News");
  EXPECT_EQ(p.ranges[0].last, 199U);
  EXPECT_EQ(p.ranges[1].source, "tv");
  EXPECT_EQ(p.ranges[1].last, 2147483647U);
  EXPECT_EQ(p.guide.match, guide::GuideMatch::kName);
  EXPECT_EQ(p.mode, generation::UrlMode::kRedirect);
  EXPECT_EQ(p.base_url, "http://192.168.1.2:8080");
  EXPECT_EQ(p.name_style, generation::NameStyle::kNoCommas);
  EXPECT_TRUE(p.fill_tvg_id);
  EXPECT_TRUE(p.compress);
  EXPECT_EQ(p.max_shrink, 0.5);
  EXPECT_TRUE(p.allow_empty);
  EXPECT_TRUE(p.use_playlist_guides);
  EXPECT_EQ(p.guide.tvg_shift, guide::TvgShift::kApply);
  EXPECT_TRUE(p.guide.window);
  EXPECT_EQ(p.guide.days_behind, 2);
  EXPECT_EQ(p.guide.days_ahead, 3);
  EXPECT_TRUE(p.guide.include_past_programmes);
  EXPECT_TRUE(p.guide.deduplicate_programmes);
  EXPECT_TRUE(p.guide.strict_dtd);
  EXPECT_TRUE(p.guide.normalize_to_utc);
  EXPECT_TRUE(p.guide.all_channels);
}

TEST(ConfigSections, OnlyRulesApplyToTheChannelsOfGuides) {
  const Read rule = read(
      "[[rules]]\nname = 'r'\napplies_to = 'guide_channels'\nexpression = 'SET icon = \"x\"'\n");
  EXPECT_THAT(rule.problems, IsEmpty());
  EXPECT_EQ(rule.configuration.rules[0].applies_to, catalog::Domain::kGuideChannels);
  const Read filter = read(
      "[[filters]]\nname = 'f'\naction = 'exclude'\napplies_to = 'guide_channels'\n"
      "expression = 'icon == \"x\"'\n");
  ASSERT_EQ(filter.problems.size(), 1U);
  EXPECT_THAT(filter.problems[0], testing::HasSubstr("applies_to"));
}

TEST(ConfigSections, SortComparesNumbersAsSuchUnlessToldOtherwise) {
  const auto sort = [](std::string_view field) {
    return read(fmt::format("[[proxies]]\nname = 'x'\nsort = [{{ {} }}]\n", field));
  };
  const auto compare = [&](std::string_view field) {
    return sort(field).configuration.proxies.at(0).sort.at(0).compare;
  };
  EXPECT_EQ(compare("field = 'tvg_chno'"), channels::ChannelCompare::kByField);
  EXPECT_EQ(compare("field = 'name', compare = 'natural'"), channels::ChannelCompare::kNatural);
  EXPECT_EQ(compare("field = 'name', compare = 'text'"), channels::ChannelCompare::kText);
  EXPECT_THAT(sort("field = 'name', compare = 'numeric'").problems, SizeIs(1));
  EXPECT_THAT(
      sort("field = 'name', order = 'sequence', sequence = ['a'], compare = 'text'").problems,
      SizeIs(1));
}

TEST(ConfigSections, KeepAllProgrammesUnlessAWindowOrItsDaysAreGiven) {
  const auto window = [](std::string_view keys) {
    return read("[[proxies]]\nname = 'x'\n" + std::string(keys))
        .configuration.proxies[0]
        .guide.window;
  };
  EXPECT_FALSE(window(""));
  EXPECT_TRUE(window("days_ahead = 3"));
  EXPECT_TRUE(window("include_past_programmes = true"));
  EXPECT_FALSE(window("window = 'none'\ndays_ahead = 3"));
}

TEST(ConfigSections, ReportAllMistakesAtOnceWithPlacesAndSuggestions) {
  const Read got = read(R"([proxy_memory]
batch_sise = 10
batch_size = "many"
warning_threshold = 7
cleanup_strategy = "agressive"
[proxy_memori]
x = 1
[[filters]]
name = "f"
action = "exclud"
expression = 1
[[proxies]]
sources = "tv"
)");
  EXPECT_THAT(
      got.problems,
      ElementsAre(
          "f.toml:2:1: proxy_memory.batch_sise is not a key (did you mean \"batch_size\"?)",
          "f.toml:3:14: proxy_memory.batch_size is \"many\", expected a whole number from 1 to "
          "1000000",
          "f.toml:4:21: proxy_memory.warning_threshold is 7, expected a number from 0.01 to 1",
          "f.toml:5:20: proxy_memory.cleanup_strategy is \"agressive\", expected one of: auto, "
          "basic, smart, aggressive (did you mean \"aggressive\"?)",
          "f.toml:6:2: proxy_memori is not a key (did you mean \"proxy_memory\"?)",
          "f.toml:10:10: filters[1].action is \"exclud\", expected one of: include, exclude (did "
          "you mean \"exclude\"?)",
          "f.toml:11:14: filters[1].expression is 1, expected text in quotes",
          "f.toml:13:11: proxies[1].sources is \"tv\", expected a list of names",
          "f.toml:12:1: proxies[1] has no name"));
}

TEST(ConfigSections, NameWhatIsMissing) {
  EXPECT_THAT(read("[[sources]]\n").problems,
              ElementsAre("f.toml:1:1: sources[1] has no name",
                          "f.toml:1:1: sources[1] has neither path nor url"));
  EXPECT_THAT(read("[[filters]]\nname = 'a'\nexpression = ''\n").problems,
              ElementsAre("f.toml:1:1: filters[1] has no action (say \"include\" or \"exclude\")"));
  EXPECT_THAT(read("[[rules]]\n").problems, ElementsAre("f.toml:1:1: rules[1] has no name",
                                                        "f.toml:1:1: rules[1] has no expression"));
}

TEST(ConfigSections, RefuseAnEncodingThatDoesNotExist) {
  const auto problems =
      read("[[sources]]\nname = 'a'\npath = 'y'\nencoding = 'window-1251'\n").problems;
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_TRUE(problems[0].starts_with("f.toml:4:12: sources[1].encoding: ")) << problems[0];
  EXPECT_THAT(problems[0], ::testing::HasSubstr("did you mean 'windows-1251'?"));
}

TEST(ConfigSections, LeaveTheEncodingOfAGuideToItsDeclaration) {
  EXPECT_THAT(read("[[epg_sources]]\nname = 'a'\npath = 'y'\nencoding = 'auto'\n").problems,
              ElementsAre("f.toml:4:1: epg_sources[1].encoding is not a key (known here: name, id, "
                          "renamed_from, url, path, user_agent, headers, refresh, time_offset)"));
}

TEST(ConfigSections, RefusePathBesideUrl) {
  EXPECT_THAT(read("[[sources]]\nname = 'a'\nurl = 'http://x/'\npath = 'y'\n").problems,
              ElementsAre("f.toml:4:8: sources[1].path is given beside another path or url (give "
                          "one of them)"));
}

TEST(ConfigSections, RefuseATableWhereAListIsDue) {
  EXPECT_THAT(read("[sources]\nname = 'a'\n").problems,
              ElementsAre("f.toml:1:1: sources is a table, expected a list of tables, each headed "
                          "[[sources]]"));
  EXPECT_THAT(read("proxy_memory = 3\n").problems,
              ElementsAre("f.toml:1:16: proxy_memory is 3, expected a table headed "
                          "[proxy_memory]"));
}

TEST(ConfigSections, CheckRangesAndSort) {
  EXPECT_THAT(read("[[proxies]]\nname = 'a'\nranges = [{ first = 9, last = 3 }]\n"
                   "sort = [{ field = 'group_tittle' }]\n")
                  .problems,
              ElementsAre("f.toml:3:11: proxies[1].ranges[1] has no source and no group",
                          "f.toml:3:11: proxies[1].ranges[1]: last is below first",
                          "f.toml:4:19: proxies[1].sort[1].field: \"group_tittle\" is not a field "
                          "of channels (did you mean \"group_title\"?)"));
}

TEST(ConfigSections, RefuseANameListedTwice) {
  EXPECT_THAT(read("[[proxies]]\nname = 'a'\nsources = ['x', 'x']\n").problems,
              ElementsAre("f.toml:3:17: proxies[1].sources lists \"x\" twice"));
}

TEST(ConfigSections, ReadMaxShrinkAsPercentOrPart) {
  const auto shrink = [](std::string_view value) {
    return read("[[proxies]]\nname = 'x'\nmax_shrink = " + std::string(value))
        .configuration.proxies[0]
        .max_shrink;
  };
  EXPECT_EQ(shrink("\"25%\""), 0.25);
  EXPECT_EQ(shrink("0.5"), 0.5);
  EXPECT_EQ(shrink("\"150%\""), std::nullopt);
}

TEST(Documentation, NamesEveryKeyOfEverySection) {
  std::ifstream file(M3U_PROXY_DOCS);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  ASSERT_FALSE(text.empty());
  auto sections = plain_sections();
  const auto lists = list_sections();
  sections.insert(sections.end(), lists.begin(), lists.end());
  for (const SectionKeys& section : sections) {
    EXPECT_NE(text.find("[" + std::string(section.section) + "]"), std::string::npos)
        << section.section;
    for (const std::string_view key : section.keys)
      EXPECT_NE(text.find("`" + std::string(key) + "`"), std::string::npos)
          << section.section << '.' << key;
  }
}

TEST(TimeOffset, ReadsHoursMinutesAndSeconds) {
  EXPECT_EQ(parse_time_offset("+1h30m").value(), 5400);
  EXPECT_EQ(parse_time_offset("-45m").value(), -2700);
  EXPECT_EQ(parse_time_offset("2h").value(), 7200);
  EXPECT_EQ(parse_time_offset("0").value(), 0);
  EXPECT_EQ(parse_time_offset("-1h1m1s").value(), -3661);
  EXPECT_EQ(parse_time_offset("+23h59m59s").value(), 86399);
}

TEST(TimeOffset, RefusesWhatIsOutOfRangeOrOutOfOrder) {
  for (const char* text : {"", "24h", "60m", "1m60s", "1m1h", "1h1h", "5", "h", "+", "1.5h", "-"})
    EXPECT_FALSE(parse_time_offset(text).has_value()) << text;
}

}  // namespace
}  // namespace m3u_proxy::config
