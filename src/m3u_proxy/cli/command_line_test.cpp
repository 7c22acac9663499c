#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/cli/command_line.hpp>

namespace m3u_proxy::cli {
namespace {

using ::testing::HasSubstr;

template <typename Options>
Options parsed(const std::vector<std::string>& arguments) {
  auto command = parse_command_line(arguments);
  if (!command || !std::holds_alternative<Options>(*command)) {
    ADD_FAILURE() << (command ? "another command" : to_string(command.error()));
    return {};
  }
  return std::get<Options>(*std::move(command));
}

std::string refused(const std::vector<std::string>& arguments) {
  const auto command = parse_command_line(arguments);
  if (command) return "accepted";
  EXPECT_EQ(command.error().code, ErrorCode::kInvalidArgument);
  return to_string(command.error());
}

TEST(Generate, ReadsEveryFlag) {
  const auto o = parsed<GenerateOptions>({"generate",
                                          "--config",
                                          "c.toml",
                                          "--source",
                                          "tv=list.m3u",
                                          "--source",
                                          "b=http://x/?a=1",
                                          "--epg",
                                          "g=guide.xml",
                                          "--rule",
                                          "SET tvg_name = \"x\"",
                                          "--start-number",
                                          "100",
                                          "--base-url",
                                          "http://h:1/",
                                          "--mode",
                                          "redirect",
                                          "--match",
                                          "casefold",
                                          "--out",
                                          "out",
                                          "--memory-limit",
                                          "64MB",
                                          "--spill-dir",
                                          "/var/tmp",
                                          "--cache-dir",
                                          "cache",
                                          "--threads",
                                          "3",
                                          "--batch-size",
                                          "7",
                                          "--now",
                                          "2026-01-31T20:00:00Z",
                                          "--report",
                                          "r.json",
                                          "--progress",
                                          "plain",
                                          "--log-level",
                                          "debug"});
  EXPECT_EQ(o.config, "c.toml");
  ASSERT_EQ(o.flags.sources.size(), 2U);
  EXPECT_EQ(o.flags.sources[0].name.name, "tv");
  EXPECT_EQ(o.flags.sources[0].location, "list.m3u");
  EXPECT_EQ(o.flags.sources[1].location, "http://x/?a=1");
  EXPECT_EQ(o.flags.epg_sources.at(0).name.name, "g");
  EXPECT_EQ(o.flags.rules.at(0).expression, "SET tvg_name = \"x\"");
  EXPECT_EQ(o.flags.rules.at(0).name.name, "--rule 1");
  EXPECT_EQ(o.flags.starting_channel_number, 100U);
  EXPECT_EQ(o.flags.base_url, "http://h:1");
  EXPECT_EQ(o.flags.mode, generation::UrlMode::kRedirect);
  EXPECT_EQ(o.flags.match, guide::GuideMatch::kCaseFold);
  EXPECT_EQ(o.out, "out");
  EXPECT_EQ(o.flags.memory_limit->fixed, mib(64));
  EXPECT_EQ(o.flags.spill_dir, "/var/tmp");
  EXPECT_EQ(o.cache_dir, "cache");
  EXPECT_EQ(o.threads, 3U);
  EXPECT_EQ(o.flags.batch_size, 7U);
  EXPECT_EQ(o.now, 1769889600);
  EXPECT_EQ(o.report, "r.json");
  EXPECT_EQ(o.progress, ProgressMode::kPlain);
  EXPECT_EQ(o.log_level, "debug");
}

TEST(Generate, HasTheDocumentedDefaults) {
  const auto o = parsed<GenerateOptions>({"generate", "--source", "tv=-", "--out", "o"});
  EXPECT_EQ(o.flags.sources.at(0).location, "-");
  EXPECT_EQ(o.threads, 0U);
  EXPECT_FALSE(o.now.has_value());
  EXPECT_EQ(o.progress, ProgressMode::kAuto);
  EXPECT_FALSE(o.flags.memory_limit.has_value());
}

TEST(Generate, KeepsIncludesAndExcludesInTheirOrderOnTheLine) {
  const auto o =
      parsed<GenerateOptions>({"generate", "--source", "tv=x", "--out", "o", "--exclude", "e1",
                               "--include", "i1", "--exclude", "e2", "--include=i2"});
  ASSERT_EQ(o.flags.filters.size(), 4U);
  const std::vector<std::string> expected = {"e1", "i1", "e2", "i2"};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(o.flags.filters[i].expression, expected[i]);
    EXPECT_EQ(o.flags.filters[i].action == rules::FilterAction::kInclude, i % 2 == 1);
  }
  EXPECT_EQ(o.flags.filters[2].name.name, "--exclude 2");
}

TEST(Generate, ReadsSizesWithAndWithoutUnit) {
  const auto limit = [](const char* text) {
    return *parsed<GenerateOptions>(
                {"generate", "--source", "t=x", "--out", "o", "--memory-limit", text})
                .flags.memory_limit;
  };
  EXPECT_EQ(limit("64MB").fixed, mib(64));
  EXPECT_EQ(limit("64MiB").fixed, mib(64));
  EXPECT_EQ(limit("512").fixed, mib(512));
  EXPECT_EQ(limit("auto").kind, config::MemoryLimitSetting::Kind::kAuto);
  EXPECT_EQ(limit("none").kind, config::MemoryLimitSetting::Kind::kNone);
}

TEST(Generate, RefusesWhatIsNotUsable) {
  const auto with = [](std::vector<std::string> more) {
    more.insert(more.begin(), {"generate", "--source", "t=x", "--out", "o"});
    return refused(more);
  };
  EXPECT_THAT(with({"--memory-limit", "many"}), HasSubstr("--memory-limit many"));
  EXPECT_THAT(with({"--memory-limit", "0"}), HasSubstr("at least 1MB"));
  EXPECT_THAT(with({"--threads", "0"}), HasSubstr("--threads 0: expected a whole number from 1"));
  EXPECT_THAT(with({"--start-number", "-1"}), HasSubstr("--start-number"));
  EXPECT_THAT(with({"--start-number", "2147483648"}), HasSubstr("from 1 to 2147483647"));
  EXPECT_THAT(with({"--mode", "redirekt"}), HasSubstr("did you mean redirect?"));
  EXPECT_THAT(with({"--match", "exact"}), HasSubstr("casefold, id, name"));
  EXPECT_THAT(with({"--now", "yesterday"}), HasSubstr("--now"));
  EXPECT_THAT(with({"--base-url", "h:1"}), HasSubstr("http://"));
  EXPECT_THAT(with({"--source", "list.m3u"}), HasSubstr("expected NAME=PATH_OR_URL"));
  EXPECT_THAT(with({"--source", "http://x/?a=b"}), HasSubstr("expected NAME=PATH_OR_URL"));
}

TEST(Generate, NeedsASourceAndAFolder) {
  EXPECT_THAT(refused({"generate", "--out", "o"}), HasSubstr("nothing to generate from"));
  EXPECT_THAT(refused({"generate", "--source", "t=x"}), HasSubstr("--out is missing"));
}

TEST(CommandLine, SuggestsTheFlagThatWasMeant) {
  EXPECT_THAT(refused({"generate", "--sorce", "t=x", "--out", "o"}),
              HasSubstr("--sorce is not an option (did you mean --source?)"));
  EXPECT_THAT(refused({"generate", "--memory-limt=64MB", "--out", "o"}),
              HasSubstr("--memory-limt is not an option (did you mean --memory-limit?)"));
  EXPECT_THAT(refused({"test-expression", "x", "--limt", "3"}), HasSubstr("did you mean --limit?"));
}

TEST(CommandLine, SuggestsTheCommandThatWasMeant) {
  EXPECT_THAT(refused({"genrate"}), HasSubstr("genrate is not a command (did you mean generate?)"));
  EXPECT_THAT(refused({"frobnicate"}), HasSubstr("see m3u-proxy --help"));
  EXPECT_THAT(refused({}), HasSubstr("no command given"));
}

TEST(CommandLine, AnOptionBeforeItsCommandIsExplained) {
  EXPECT_THAT(refused({"--source", "tv=a", "generate"}),
              AllOf(HasSubstr("--source is given before its command"),
                    HasSubstr("write m3u-proxy generate --source")));
}

TEST(CommandLine, PointsToTheHelpOfTheCommand) {
  EXPECT_THAT(refused({"generate", "--source"}), HasSubstr("see m3u-proxy generate --help"));
  EXPECT_THAT(refused({"check", "a", "b"}), HasSubstr("check does not take b"));
}

TEST(CommandLine, PrintsVersionAndHelpWithExamples) {
  EXPECT_THAT(parsed<PrintOptions>({"--version"}).text, ::testing::StartsWith("m3u-proxy "));
  EXPECT_THAT(parsed<PrintOptions>({"--help"}).text, HasSubstr("test-expression"));
  EXPECT_THAT(parsed<PrintOptions>({"--help"}).text, Not(HasSubstr("generate-completion")));
  EXPECT_THAT(parsed<PrintOptions>({"generate", "--help"}).text,
              HasSubstr("m3u-proxy generate --source tv=list.m3u --out out"));
  EXPECT_THAT(parsed<PrintOptions>({"check", "--help"}).text,
              HasSubstr("m3u-proxy check m3u-proxy.toml"));
  EXPECT_THAT(parsed<PrintOptions>({"test-expression", "--help"}).text, HasSubstr("Examples:"));
}

TEST(Check, TakesOneFile) {
  EXPECT_EQ(parsed<CheckOptions>({"check", "a.toml"}).file, "a.toml");
  EXPECT_THAT(refused({"check"}), HasSubstr("the configuration file is missing"));
}

TEST(MigrateConfig, TakesAFileAndWhereToWrite) {
  const auto o =
      parsed<MigrateConfigOptions>({"migrate-config", "old.toml", "--output", "new.toml"});
  EXPECT_EQ(o.file, "old.toml");
  EXPECT_EQ(o.output, "new.toml");
  EXPECT_EQ(parsed<MigrateConfigOptions>({"migrate-config", "old.toml"}).output, std::nullopt);
  EXPECT_THAT(refused({"migrate-config"}), HasSubstr("the configuration file is missing"));
}

TEST(Plugin, ListsAFolderOrThatOfAConfiguration) {
  const auto list = [](std::vector<std::string> rest) {
    rest.insert(rest.begin(), {"plugin", "list"});
    return std::get<PluginListOptions>(parsed<PluginOptions>(rest));
  };
  EXPECT_EQ(list({"--directory", "p", "--json"}).directory, "p");
  EXPECT_TRUE(list({"--json"}).json);
  EXPECT_EQ(list({"--config", "c.toml"}).config, "c.toml");
  EXPECT_THAT(refused({"plugin", "list", "--config", "a", "--directory", "b"}),
              HasSubstr("give one of them"));
}

TEST(Plugin, RunsInAStage) {
  const auto o = std::get<PluginRunOptions>(
      parsed<PluginOptions>({"plugin", "run", "a.toml", "--stage", "epg", "--input", "g.xml",
                             "--config-json", "{}", "--now", "100"}));
  EXPECT_EQ(o.file, "a.toml");
  EXPECT_EQ(o.stage, plugins::PluginStage::kEpg);
  EXPECT_EQ(o.input, "g.xml");
  EXPECT_EQ(o.config_json, "{}");
  EXPECT_EQ(o.now, 100);
  EXPECT_THAT(refused({"plugin", "run", "a.toml"}),
              AllOf(HasSubstr("--stage is missing"), HasSubstr("m3u-proxy plugin run --help")));
  EXPECT_THAT(refused({"plugin", "run", "a.toml", "--stage", "filterin"}),
              HasSubstr("did you mean filtering?"));
  EXPECT_THAT(refused({"plugin", "run", "--stage", "epg"}), HasSubstr("file is missing"));
}

TEST(Plugin, IsInspectedValidatedAndMeasured) {
  EXPECT_TRUE(std::get<PluginInspectOptions>(
                  parsed<PluginOptions>({"plugin", "inspect", "a.toml", "--json"}))
                  .json);
  EXPECT_EQ(std::get<PluginValidateOptions>(
                parsed<PluginOptions>({"plugin", "validate", "a.wasm", "--input", "l"}))
                .input,
            "l");
  const auto o = std::get<PluginBenchOptions>(
      parsed<PluginOptions>({"plugin", "bench", "a.toml", "--channels", "7"}));
  EXPECT_EQ(o.channels, 7U);
  EXPECT_EQ(o.stage, std::nullopt);
  EXPECT_THAT(refused({"plugin", "bench", "a.toml", "--channels", "0"}), HasSubstr("--channels 0"));
}

TEST(Plugin, IsBegunUnderANameInALanguage) {
  const auto o = std::get<PluginNewOptions>(
      parsed<PluginOptions>({"plugin", "new", "--language", "rust", "my-tagger", "--into", "x"}));
  EXPECT_EQ(o.name, "my-tagger");
  EXPECT_EQ(o.language, PluginLanguage::kRust);
  EXPECT_EQ(o.into, "x");
  EXPECT_THAT(refused({"plugin", "new", "--language", "cpp", "../x"}),
              HasSubstr("a plugin can't be called \"../x\""));
  EXPECT_THAT(refused({"plugin", "new", "x"}), HasSubstr("--language is missing"));
  EXPECT_THAT(refused({"plugin", "new", "--language", "go", "x"}), HasSubstr("one of cpp, rust"));
}

TEST(Plugin, IsClearedByName) {
  const auto o = std::get<PluginClearOptions>(
      parsed<PluginOptions>({"plugin", "clear", "tagger", "--config", "c.toml"}));
  EXPECT_EQ(o.name, "tagger");
  EXPECT_EQ(o.config, "c.toml");
  EXPECT_THAT(refused({"plugin", "clear"}), HasSubstr("the plugin's name is missing"));
}

TEST(Plugin, CommandsExplainThemselves) {
  EXPECT_THAT(parsed<PrintOptions>({"plugin", "--help"}).text,
              AllOf(HasSubstr("validate"), Not(HasSubstr("compile"))));
  EXPECT_THAT(parsed<PrintOptions>({"plugin", "run", "--help"}).text,
              HasSubstr("m3u-proxy plugin run plugins/tagger.toml --stage data_mapping"));
  EXPECT_THAT(refused({"plugin"}), HasSubstr("no command given after plugin"));
  EXPECT_THAT(refused({"plugin", "lst"}), HasSubstr("did you mean list?"));
  EXPECT_THAT(refused({"plugin", "list", "--jsn"}),
              AllOf(HasSubstr("--jsn is not an option"), HasSubstr("did you mean --json?")));
  EXPECT_THAT(
      refused({"plugin", "inspect", "a", "b"}),
      AllOf(HasSubstr("inspect does not take b"), HasSubstr("m3u-proxy plugin inspect --help")));
}

TEST(TestExpression, TakesAnExpressionSourcesAndALimit) {
  const auto o = parsed<TestExpressionOptions>(
      {"test-expression", "name contains \"x\"", "--source", "tv=a", "--limit", "3"});
  EXPECT_EQ(o.expression, "name contains \"x\"");
  EXPECT_EQ(o.sources.at(0).location, "a");
  EXPECT_EQ(o.limit, 3U);
  EXPECT_THAT(refused({"test-expression", "x"}), HasSubstr("--source is missing"));
  EXPECT_THAT(refused({"test-expression", "--source", "t=x"}),
              HasSubstr("the expression is missing"));
}

TEST(TestExpression, TakesWhatOfAGuideItIsFor) {
  const auto applies_to = [](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"test-expression", "SET icon = \"\""};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return parsed<TestExpressionOptions>(arguments).applies_to;
  };
  EXPECT_EQ(applies_to({"--source", "tv=a"}), catalog::Domain::kChannels);
  EXPECT_EQ(applies_to({"--epg", "g=a"}), catalog::Domain::kProgrammes);
  EXPECT_EQ(applies_to({"--epg", "g=a", "--applies-to", "programmes"}),
            catalog::Domain::kProgrammes);
  EXPECT_EQ(applies_to({"--epg", "g=a", "--applies-to", "guide_channels"}),
            catalog::Domain::kGuideChannels);
  EXPECT_THAT(refused({"test-expression", "x", "--epg", "g=a", "--applies-to", "channels"}),
              HasSubstr("--applies-to channels"));
  EXPECT_THAT(
      refused({"test-expression", "x", "--source", "t=a", "--applies-to", "guide_channels"}),
      HasSubstr("give --epg in place of --source"));
}

TEST(TestExpression, TakesAGuideForProgrammesABaseUrlAndATime) {
  const auto o =
      parsed<TestExpressionOptions>({"test-expression", "title contains \"x\"", "--epg", "g=a.xml",
                                     "--base-url", "http://h:8080/", "--now", "100"});
  EXPECT_EQ(o.epg_sources.at(0).location, "a.xml");
  EXPECT_EQ(o.base_url, "http://h:8080");
  EXPECT_EQ(o.now, 100);
  EXPECT_THAT(refused({"test-expression", "x", "--epg", "g=a.xml", "--source", "t=b"}),
              HasSubstr("on channels or on programmes, not on both"));
  EXPECT_THAT(refused({"test-expression", "x", "--source", "t=b", "--base-url", "h"}),
              HasSubstr("--base-url h does not begin with http:// or https://"));
}

/// The command, its options and the commands that follow it are in a text of this kind.
void expect_named(const CommandInfo& command, const std::string& text, std::string_view kind) {
  EXPECT_THAT(text, HasSubstr(command.name)) << kind;
  // The manual page shows only whole commands.
  for (const OptionInfo& option : command.options) {
    if (option.positional || (kind == "man" && !command.commands.empty())) continue;
    std::string name = option.names.substr(option.names.rfind(',') + 1);
    if (kind == "fish") name = "-l " + name.substr(2);
    EXPECT_THAT(text, HasSubstr(name)) << kind;
  }
  for (const CommandInfo& inner : command.commands) expect_named(inner, text, kind);
}

TEST(Completion, NamesEveryCommandAndOption) {
  const ProgramInfo program = describe_program();
  ASSERT_EQ(program.commands.size(), 11U);
  for (const char* kind : {"bash", "zsh", "fish", "man"}) {
    std::string text = parsed<PrintOptions>({"generate-completion", kind}).text;
    if (std::string_view(kind) == "man")  // troff writes hyphens with a backslash
      std::erase(text, '\\');
    for (const CommandInfo& command : program.commands) expect_named(command, text, kind);
  }
}

TEST(Completion, OffersTheCommandsAfterPlugin) {
  EXPECT_THAT(
      parsed<PrintOptions>({"generate-completion", "bash"}).text,
      HasSubstr("compgen -W 'list inspect validate run bench new clear -h --help' -- \"$cur\""));
  EXPECT_THAT(parsed<PrintOptions>({"generate-completion", "fish"}).text,
              HasSubstr("__fish_seen_subcommand_from plugin; and "
                        "__fish_seen_subcommand_from new' -l language -x -a 'cpp rust'"));
  EXPECT_THAT(parsed<PrintOptions>({"generate-completion", "man"}).text,
              HasSubstr(".SS m3u\\-proxy plugin validate\n"));
  EXPECT_THAT(parsed<PrintOptions>({"generate-completion", "zsh"}).text, Not(HasSubstr("compile")));
}

TEST(Completion, OffersTheWordsOfAnOption) {
  EXPECT_THAT(parsed<PrintOptions>({"generate-completion", "bash"}).text,
              HasSubstr("--mode) COMPREPLY=($(compgen -W 'direct redirect proxy'"));
  EXPECT_THAT(parsed<PrintOptions>({"generate-completion", "fish"}).text,
              HasSubstr("-l memory-limit -x -a 'auto none'"));
  EXPECT_THAT(parsed<PrintOptions>({"generate-completion", "zsh"}).text,
              HasSubstr(":(direct redirect proxy)"));
  EXPECT_THAT(refused({"generate-completion", "csh"}), HasSubstr("expected bash"));
}

}  // namespace
}  // namespace m3u_proxy::cli
