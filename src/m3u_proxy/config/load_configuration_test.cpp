#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/config/config_expressions.hpp>
#include <m3u_proxy/config/load_configuration.hpp>

namespace m3u_proxy::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

LoadedConfiguration load(std::string text, const Environment& environment = {},
                         const ConfigFlags& flags = {}) {
  return load_configuration(
      ConfigDocument{.text = std::move(text), .file = "f.toml", .folder = "/etc/m3u"}, environment,
      flags);
}

std::vector<std::string> problems(const LoadedConfiguration& loaded) {
  std::vector<std::string> out;
  out.reserve(loaded.problems.size());
  for (const ConfigProblem& problem : loaded.problems) out.push_back(to_string(problem));
  return out;
}

std::vector<std::string> names(const std::vector<Named>& items) {
  std::vector<std::string> out;
  out.reserve(items.size());
  for (const Named& item : items) out.push_back(item.name);
  return out;
}

SourceConfig source_flag(std::string name, std::string location) {
  SourceConfig source;
  source.name = {.name = std::move(name), .where = {.source = "--source"}};
  source.location = std::move(location);
  return source;
}

ExpressionConfig expression_flag(std::string name, std::string text) {
  ExpressionConfig out;
  out.name = {.name = name, .where = {.source = name}};
  out.expression = std::move(text);
  out.where = {.source = std::move(name)};
  return out;
}

constexpr const char* kSmall = R"([[sources]]
name = "tv"
path = "tv.m3u"
[[sources]]
name = "radio"
url = "https://example.org/radio.m3u"
[[proxies]]
name = "home"
sources = ["tv"]
)";

TEST(LoadConfiguration, TakesTheFlagsOverTheEnvironmentOverTheFile) {
  const std::string file = "[proxy_memory]\nbatch_size = 1\nmax_memory_mb = 100\n";
  EXPECT_EQ(load(file).configuration.proxy_memory.batch_size, 1U);
  const Environment environment{{"M3U_PROXY_PROXY_MEMORY__BATCH_SIZE", "2"},
                                {"MEMORY_LIMIT_MB", "200"}};
  EXPECT_EQ(load(file, environment).configuration.proxy_memory.batch_size, 2U);
  EXPECT_EQ(load(file, environment).configuration.proxy_memory.max_memory_mb.fixed, mib(200));
  ConfigFlags flags;
  flags.batch_size = 3;
  flags.memory_limit = MemoryLimitSetting{.kind = MemoryLimitSetting::Kind::kNone};
  const Configuration all = load(file, environment, flags).configuration;
  EXPECT_EQ(all.proxy_memory.batch_size, 3U);
  EXPECT_EQ(all.proxy_memory.max_memory_mb.kind, MemoryLimitSetting::Kind::kNone);
}

TEST(LoadConfiguration, StartsRelativePathsInTheFilesFolder) {
  const LoadedConfiguration loaded = load(kSmall);
  EXPECT_THAT(problems(loaded), IsEmpty());
  EXPECT_EQ(loaded.configuration.sources[0].location, "/etc/m3u/tv.m3u");
  EXPECT_EQ(loaded.configuration.sources[1].location, "https://example.org/radio.m3u");
}

TEST(LoadConfiguration, ReplacesASourceByTheFlagOfItsName) {
  ConfigFlags flags;
  flags.sources = {source_flag("tv", "other.m3u")};
  const Configuration c = load(kSmall, {}, flags).configuration;
  ASSERT_EQ(c.sources.size(), 2U);
  EXPECT_EQ(c.sources[0].location, "other.m3u");
  EXPECT_THAT(names(c.proxies[0].sources), ElementsAre("tv"));
}

TEST(LoadConfiguration, AddsOtherSourceFlagsToEveryProxy) {
  ConfigFlags flags;
  flags.sources = {source_flag("new", "-")};
  const Configuration c = load(kSmall, {}, flags).configuration;
  ASSERT_EQ(c.sources.size(), 3U);
  EXPECT_THAT(names(c.proxies[0].sources), ElementsAre("tv", "new"));
}

TEST(LoadConfiguration, AddsFilterAndRuleFlagsAfterTheFiles) {
  ConfigFlags flags;
  flags.filters = {expression_flag("--exclude 1", "group_title contains \"x\"")};
  flags.rules = {expression_flag("--rule 1", "SET tvg_name = \"x\"")};
  const LoadedConfiguration loaded =
      load(std::string(kSmall) +
               "filters = ['f']\n[[filters]]\nname = 'f'\naction = 'include'\n"
               "expression = ''\n",
           {}, flags);
  EXPECT_THAT(problems(loaded), IsEmpty());
  EXPECT_THAT(names(loaded.configuration.proxies[0].filters), ElementsAre("f", "--exclude 1"));
  EXPECT_THAT(names(loaded.configuration.proxies[0].rules), ElementsAre("--rule 1"));
}

TEST(LoadConfiguration, MakesOneProxyOfEverythingWhereNoneIsConfigured) {
  ConfigFlags flags;
  flags.sources = {source_flag("a", "a.m3u"), source_flag("b", "b.m3u")};
  flags.starting_channel_number = 7;
  flags.match = guide::GuideMatch::kName;
  const LoadedConfiguration loaded = load_configuration(std::nullopt, {}, flags);
  EXPECT_THAT(problems(loaded), IsEmpty());
  ASSERT_EQ(loaded.configuration.proxies.size(), 1U);
  const ProxyConfig& proxy = loaded.configuration.proxies[0];
  EXPECT_EQ(proxy.name.name, "default");
  EXPECT_THAT(names(proxy.sources), ElementsAre("a", "b"));
  EXPECT_EQ(proxy.starting_channel_number, 7U);
  EXPECT_EQ(proxy.guide.match, guide::GuideMatch::kName);
}

TEST(LoadConfiguration, RefusesASourceFlagGivenTwice) {
  ConfigFlags flags;
  flags.sources = {source_flag("a", "a.m3u"), source_flag("a", "b.m3u")};
  EXPECT_THAT(problems(load_configuration(std::nullopt, {}, flags)),
              ElementsAre("--source: [[sources]] has the name \"a\" twice"));
}

TEST(LoadConfiguration, ReportsASyntaxErrorWithItsPlace) {
  const auto found = problems(load("a = = 1\n"));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].starts_with("f.toml:1:5: not valid TOML: ")) << found[0];
}

TEST(LoadConfiguration, ReportsUnknownReferencesWithTheirPlaceAndASuggestion) {
  EXPECT_THAT(problems(load(R"([[sources]]
name = "tv"
path = "tv.m3u"
[[proxies]]
name = "home"
sources = ["x"]
epg_sources = ["guide"]
filters = ["f"]
rules = ["r"]
)")),
              ElementsAre("f.toml:6:12: proxy \"home\": there is no [[sources]] called \"x\" (add "
                          "[[sources]] with this name)",
                          "f.toml:7:16: proxy \"home\": there is no [[epg_sources]] called "
                          "\"guide\" (add [[epg_sources]] with this name)",
                          "f.toml:8:12: proxy \"home\": there is no [[filters]] called \"f\" (add "
                          "[[filters]] with this name)",
                          "f.toml:9:10: proxy \"home\": there is no [[rules]] called \"r\" (add "
                          "[[rules]] with this name)"));
  EXPECT_THAT(problems(load("[[sources]]\nname = 'radio'\npath = 'x'\n"
                            "[[proxies]]\nname = 'p'\nsources = ['radoi']\n")),
              ElementsAre("f.toml:6:12: proxy \"p\": there is no [[sources]] called \"radoi\" (did "
                          "you mean \"radio\"?)"));
}

TEST(LoadConfiguration, ReportsDuplicateNames) {
  EXPECT_THAT(problems(load("[[sources]]\nname = 'a'\npath = 'x'\n"
                            "[[sources]]\nname = 'a'\npath = 'y'\n")),
              ElementsAre("f.toml:5:8: [[sources]] has the name \"a\" twice, first in line 2"));
}

TEST(LoadConfiguration, ReportsWhatDoesNotGoTogether) {
  EXPECT_THAT(
      problems(load("[[proxies]]\nname = 'a/b'\nmode = 'proxy'\nnumbering = 'ranges'\n")),
      ElementsAre("f.toml:2:8: \"a/b\" cannot name a proxy: it names its files (use up to 200 "
                  "letters, digits, spaces, '-' and '_')",
                  "f.toml:2:8: proxy \"a/b\" has no sources (name at least one of [[sources]] in "
                  "its list)",
                  "f.toml:2:8: proxy \"a/b\": this mode needs base_url (give the address under "
                  "which the proxy is reached, such as http://192.168.1.2:8080)",
                  "f.toml:2:8: proxy \"a/b\": numbering \"ranges\" needs ranges (add ranges = [{ "
                  "group = \"News\", first = 100 }])"));
}

TEST(LoadConfiguration, TrustedProxiesAreRangesOfAddresses) {
  EXPECT_THAT(problems(load("[http]\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n")), IsEmpty());
  EXPECT_THAT(
      problems(load("[http]\ntrusted_proxies = [\"10.0.0.2\", \"nonsense\"]\n")),
      ElementsAre("f.toml:2:32: http.trusted_proxies: 'nonsense' is no range of addresses (write "
                  "one as 192.168.0.0/16 or fd00::/8, or an address alone)"));
}

TEST(LoadConfiguration, RefusesLoginsThatAnybodyCouldMakeOrNobody) {
  const auto first = [](const std::string& login, const std::string& proxies = "\"10.0.0.2\"") {
    const auto found =
        problems(load("[http]\ntrusted_proxies = [" + proxies + "]\n[login]\n" + login));
    return found.empty() ? std::string() : found.front();
  };
  using ::testing::HasSubstr;
  EXPECT_EQ(first("user_header = \"Remote-User\"\nnew_users = \"viewer\""), "");
  EXPECT_EQ(first("user_header = \"a\"\ngroups_header = \"b\"\nadmin_groups = [\"x\"]"), "");
  EXPECT_THAT(first("user_header = \"Remote-User\"", ""), HasSubstr("needs trusted_proxies"));
  EXPECT_THAT(first("user_header = \"Remote-User\"", "\"::/0\""), HasSubstr("everybody"));
  EXPECT_THAT(first("new_users = \"viewer\""), HasSubstr("no user_header"));
  EXPECT_THAT(first("user_header = \"a\"\ngroups_header = \"b\""), HasSubstr("no groups"));
  EXPECT_THAT(first("user_header = \"a\"\nviewer_groups = [\"x\"]"), HasSubstr("no groups_header"));
  EXPECT_THAT(first("user_header = \"a\"\ngroups_header = \"A\"\nadmin_groups = [\"x\"]"),
              HasSubstr("the same field"));
  EXPECT_THAT(first("user_header = \"a\"\ngroups_header = \"b\"\nadmin_groups = [\"x\"]\n"
                    "new_users = \"viewer\""),
              HasSubstr("groups and new_users"));
  for (const char* const field : {"cookie", "Host", "Remote User", "Remote_User", "a:b"})
    EXPECT_THAT(first(std::string("user_header = \"") + field + '"'),
                HasSubstr("no name of a field"))
        << field;
}

TEST(LoadConfiguration, OriginsAreSchemeHostAndPort) {
  const auto said = [](const std::string& origin) {
    return problems(load("[http]\nallowed_origins = [\"" + origin + "\"]\n"));
  };
  for (const char* const origin : {"*", "https://tv.example", "http://[::1]:8080", "http://tv"})
    EXPECT_TRUE(said(origin).empty()) << origin;
  for (const char* const origin : {"", "tv.example", "https://", "https://tv.example/", "null",
                                   "https://a@tv.example", "ftp://tv.example", "*.example"})
    EXPECT_FALSE(said(origin).empty()) << origin;
}

TEST(LoadConfiguration, PlacesExpressionErrorsInTheFileAndShowsThem) {
  const LoadedConfiguration loaded = load(R"([[filters]]
name = "f"
action = "exclude"
expression = 'channel_name containz "HD"'
[[rules]]
name = "r"
expression = '''
channel_name contains "x"
SET group_tittle = "y"'''
)");
  ASSERT_EQ(loaded.problems.size(), 2U);
  const ConfigProblem& filter = loaded.problems[0];
  EXPECT_EQ(filter.error.where.line, 4U);
  EXPECT_EQ(filter.error.where.column, 28U);
  EXPECT_EQ(filter.error.hint, "did you mean 'contains'?");
  EXPECT_THAT(filter.error.message, ::testing::HasSubstr("filter \"f\": "));
  EXPECT_THAT(filter.error.message, ::testing::HasSubstr("[operator: unknown_operator]"));
  EXPECT_EQ(filter.display,
            "  channel_name containz \"HD\"\n"
            "               ^~~~~~~~");
  const ConfigProblem& rule = loaded.problems[1];
  EXPECT_EQ(rule.error.where.line, 9U);
  EXPECT_EQ(rule.error.where.column, 5U);
  EXPECT_EQ(rule.error.hint, "did you mean 'group_title'?");
}

TEST(LoadConfiguration, PlacesExpressionErrorsOfFlagsInTheFlag) {
  ConfigFlags flags;
  flags.sources = {source_flag("a", "a.m3u")};
  flags.filters = {expression_flag("--exclude 1", "channel_name = \"x\"")};
  const LoadedConfiguration loaded = load_configuration(std::nullopt, {}, flags);
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_EQ(loaded.problems[0].error.where.source, "--exclude 1");
  EXPECT_EQ(loaded.problems[0].error.where.column, 14U);
  EXPECT_THAT(loaded.problems[0].error.message, ::testing::HasSubstr("operator_typo"));
}

TEST(LoadConfiguration, RefusesTheLogoHelperWithoutABaseUrl) {
  const std::string rule =
      "[[rules]]\nname = 'logo'\n"
      "expression = 'SET tvg_logo = \"@logo:957bdbb4-37f4-51ee-873b-f148c10969c2\"'\n";
  EXPECT_THAT(problems(load(std::string(kSmall) + "rules = ['logo']\n" + rule)),
              ElementsAre("f.toml:13:14: rule \"logo\" writes @logo:, and proxy \"home\" has no "
                          "base_url to make an address of it (give the proxy a base_url, such as "
                          "http://192.168.1.2:8080)"));
  EXPECT_THAT(
      problems(load(std::string(kSmall) + "base_url = 'http://x:1'\nrules = ['logo']\n" + rule)),
      IsEmpty());
}

TEST(LoadConfiguration, RefusesAnEmptyRule) {
  const auto found = problems(load("[[rules]]\nname = 'r'\nexpression = ''\n"));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0], ::testing::HasSubstr("empty_expression"));
}

TEST(LoadConfiguration, SortsMessagesByPlace) {
  const LoadedConfiguration loaded = load("[[proxies]]\nname = 'a'\nsources = ['x']\nmod = 1\n");
  ASSERT_EQ(loaded.problems.size(), 2U);
  EXPECT_EQ(loaded.problems[0].error.where.line, 3U);
  EXPECT_EQ(loaded.problems[1].error.where.line, 4U);
}

TEST(CompileExpressions, TakesAProxysOwnInItsOrderAndByDomain) {
  const LoadedConfiguration loaded = load(R"([[sources]]
name = "tv"
path = "tv.m3u"
[[filters]]
name = "a"
action = "include"
expression = 'channel_name contains "a"'
[[filters]]
name = "b"
action = "exclude"
expression = 'channel_name contains "b"'
[[filters]]
name = "p"
action = "exclude"
applies_to = "programmes"
expression = 'title contains "x"'
[[rules]]
name = "r"
expression = 'SET tvg_name = "x"'
[[proxies]]
name = "home"
sources = ["tv"]
filters = ["b", "p", "a"]
)");
  EXPECT_THAT(problems(loaded), IsEmpty());
  const auto compiled =
      compile_expressions(loaded.configuration, loaded.configuration.proxies[0], 0);
  ASSERT_TRUE(compiled.has_value());
  EXPECT_THAT(compiled->channel_filters->names(), ElementsAre("b", "a"));
  EXPECT_THAT(compiled->programme_filters->names(), ElementsAre("p"));
  EXPECT_EQ(compiled->channel_rules, nullptr);
  EXPECT_EQ(compiled->programme_rules, nullptr);
}

TEST(LoadConfiguration, LegacyKeysWorkAndSayWhatTheyBecame) {
  const auto loaded = load(R"([proxy_memory]
strategy_preset = "aggressive"
memory_strategy.chunk_size = 250
memory_strategy.temp_dir = "spill"
)");
  EXPECT_THAT(problems(loaded), IsEmpty());
  const Configuration& c = loaded.configuration;
  EXPECT_EQ(c.proxy_memory.cleanup_strategy, memory::CleanupChoice::kAggressive);
  EXPECT_TRUE(c.memory_cleanup.aggressive_cleanup);
  EXPECT_EQ(c.proxy_memory.batch_size, 250U);
  EXPECT_EQ(c.proxy_memory.spill_dir, "/etc/m3u/spill");
  EXPECT_THAT(
      loaded.warnings,
      ElementsAre("f.toml:2:1: proxy_memory.strategy_preset became proxy_memory.cleanup_strategy = "
                  "\"aggressive\" and memory_cleanup.aggressive_cleanup = true: memory is given "
                  "back to the system after every stage",
                  "f.toml:3:17: proxy_memory.memory_strategy.chunk_size became "
                  "proxy_memory.batch_size = 250: channels always go through in batches",
                  "f.toml:4:17: proxy_memory.memory_strategy.temp_dir became "
                  "proxy_memory.spill_dir = \"spill\": temporary files go there; it must be on a "
                  "disk, not on tmpfs"));
}

TEST(LoadConfiguration, AWrongValueOfALegacyKeyIsAMistake) {
  EXPECT_THAT(problems(load("[proxy_memory]\nmemory_strategy.chunk_size = 0\n")),
              ElementsAre("f.toml:2:30: proxy_memory.memory_strategy.chunk_size is 0, expected a "
                          "whole number from 1 to 1000000"));
}

TEST(ReadDocument, NamesAFileThatIsNotThere) {
  const auto document = read_document("/nonexistent/m3u-proxy.toml");
  ASSERT_FALSE(document.has_value());
  EXPECT_EQ(document.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(document.error().message, ::testing::HasSubstr("/nonexistent/m3u-proxy.toml"));
}

TEST(ReadDocument, RefusesAFolder) {
  const auto document = read_document("/tmp");
  ASSERT_FALSE(document.has_value());
  EXPECT_EQ(document.error().message, "/tmp is a folder");
}

}  // namespace
}  // namespace m3u_proxy::config
