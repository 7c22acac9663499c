#include <algorithm>
#include <map>
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/cli/add_option.hpp>
#include <m3u_proxy/cli/backup/backup_arguments.hpp>
#include <m3u_proxy/cli/command_line.hpp>
#include <m3u_proxy/cli/completion.hpp>
#include <m3u_proxy/cli/import/import_arguments.hpp>
#include <m3u_proxy/cli/man_page.hpp>
#include <m3u_proxy/cli/plugin_arguments.hpp>
#include <m3u_proxy/cli/serve/serve_arguments.hpp>
#include <m3u_proxy/cli/usage_errors.hpp>
#include <m3u_proxy/cli/value_parsers.hpp>
#include <m3u_proxy/cli/version.hpp>

namespace m3u_proxy::cli {
namespace {

constexpr const char* kProgramHelp =
    "Merges, rewrites, filters, numbers and republishes IPTV playlists and guides, within the "
    "memory it is given.";

constexpr const char* kGenerateExamples =
    "Examples:\n"
    "  m3u-proxy generate --source tv=list.m3u --out out\n"
    "  m3u-proxy generate --source tv=https://example.org/list.m3u --epg g=guide.xml.gz \\\n"
    "    --exclude 'group_title contains \"adult\"' \\\n"
    "    --rule 'channel_name matches \"^(.*) HD$\" SET channel_name = \"$1\"' --out out\n"
    "  m3u-proxy generate --config m3u-proxy.toml --out out --memory-limit 64MB\n"
    "  curl -s https://example.org/list.m3u | m3u-proxy generate --source tv=- --out out";

constexpr const char* kCheckExamples = "Example:\n  m3u-proxy check m3u-proxy.toml";

constexpr const char* kTestExpressionExamples =
    "Examples:\n"
    "  m3u-proxy test-expression 'group_title contains \"news\"' --source tv=list.m3u\n"
    "  m3u-proxy test-expression 'SET tvg_name = \"@field:channel_name\"' --source tv=list.m3u "
    "\\\n"
    "    --limit 5\n"
    "  m3u-proxy test-expression 'title contains \"news\"' --epg guide=guide.xml.gz";

constexpr const char* kMigrateConfigExamples =
    "Examples:\n"
    "  m3u-proxy migrate-config old.toml\n"
    "  m3u-proxy migrate-config old.toml --output m3u-proxy.toml";

/// Where CLI11 puts what it read.
struct Raw {
  std::string config, out, start_number, base_url, mode, match, memory_limit, spill_dir, cache_dir;
  std::string threads, batch_size, now, report, progress, log_level, file, expression, limit,
      applies_to, output, completion;
  std::vector<std::string> sources, epg, includes, excludes, rules;
};

/// The program's subcommands and options: the one place where they are written down.
struct Parser {
  CLI::App app{kProgramHelp, "m3u-proxy"};
  Raw raw;
  CLI::App* generate = nullptr;
  CLI::App* check = nullptr;
  CLI::App* test_expression = nullptr;
  CLI::App* migrate_config = nullptr;
  std::optional<ServeArguments> serve;
  std::optional<BackupArguments> backup;
  std::optional<ImportArguments> importing;
  std::optional<PluginArguments> plugin;
  CLI::App* completion = nullptr;
  CLI::Option* include = nullptr;
  CLI::Option* exclude = nullptr;

  Parser() {
    app.set_version_flag("--version", fmt::format("m3u-proxy {}", kVersion),
                         "Print the version and end");
    app.set_help_flag("-h,--help", "Print this help and end");
    serve.emplace(app);
    backup.emplace(app);
    add_generate();
    add_check();
    add_test_expression();
    add_migrate_config();
    importing.emplace(app);
    plugin.emplace(app);
    completion = app.add_subcommand("generate-completion", "Print bash, zsh, fish or man");
    completion->group("");  // for the build, not for people
    completion->add_option("KIND", raw.completion, "What to print");
  }

  static CLI::Option* list(CLI::App* command, const char* name, std::vector<std::string>& target,
                           const char* value, const char* help) {
    return command->add_option(name, target, help)
        ->type_name(value)
        ->type_size(1)
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }

  void add_generate() {
    generate = app.add_subcommand("generate", "Generate the playlist and the guide of each proxy");
    generate->footer(kGenerateExamples);
    add_option(generate, "--config", raw.config, "FILE", "Configuration (TOML)");
    list(generate, "--source", raw.sources, "NAME=PATH_OR_URL",
         "Playlist to read; - is standard input, xtream://USER@HOST?live&vod&series&"
         "password_env=VARIABLE an account; may be repeated, the order is kept");
    list(generate, "--epg", raw.epg, "NAME=PATH_OR_URL",
         "XMLTV guide to read, or an xtream:// account; may be repeated, the first has priority");
    include = list(generate, "--include", raw.includes, "EXPR",
                   "Filter: add the channels that match; filters apply in their order on the line");
    exclude =
        list(generate, "--exclude", raw.excludes, "EXPR", "Filter: remove the channels that match");
    list(generate, "--rule", raw.rules, "EXPR", "Rule: change channels; may be repeated");
    add_option(generate, "--start-number", raw.start_number, "N", "First channel number (1)");
    add_option(generate, "--base-url", raw.base_url, "URL",
               "Address under which the output is served");
    add_option(generate, "--mode", raw.mode, "direct|redirect|proxy",
               "What stream URLs point to (direct)");
    add_option(generate, "--match", raw.match, "id|casefold|name",
               "How guide channels find channels (id)");
    add_option(generate, "--out", raw.out, "DIR", "Folder for PROXY.m3u and PROXY.xmltv; required");
    add_option(generate, "--memory-limit", raw.memory_limit, "SIZE|auto|none",
               "Most memory to use, such as 64MB (auto)");
    add_option(generate, "--spill-dir", raw.spill_dir, "DIR",
               "Folder for temporary files (beside the output)");
    add_option(generate, "--cache-dir", raw.cache_dir, "DIR",
               "Keep each download's last good copy here, for when a provider is down");
    add_option(generate, "--threads", raw.threads, "N", "Threads to use (all processors)");
    add_option(generate, "--batch-size", raw.batch_size, "N", "Channels a batch (1000)");
    add_option(generate, "--now", raw.now, "TIME",
               "The time to work with, such as 2026-01-31T20:00:00Z");
    add_option(generate, "--report", raw.report, "FILE.json", "Write a report of the run");
    add_option(generate, "--progress", raw.progress, "auto|plain|none",
               "How to show progress (auto)");
    add_option(generate, "--log-level", raw.log_level, "LEVEL",
               "trace, debug, info, warn, error or off; per module as info,memory.cleanup=debug");
  }

  void add_check() {
    check = app.add_subcommand("check", "Check a configuration and every expression in it");
    check->footer(kCheckExamples);
    check->add_option("FILE", raw.file, "Configuration (TOML)")->type_name("");
  }

  void add_test_expression() {
    test_expression =
        app.add_subcommand("test-expression", "Show what an expression matches and changes");
    test_expression->footer(kTestExpressionExamples);
    test_expression->add_option("EXPR", raw.expression, "A filter or a rule")->type_name("");
    list(test_expression, "--source", raw.sources, "NAME=PATH_OR_URL",
         "Playlist to try it on; may be repeated");
    list(test_expression, "--epg", raw.epg, "NAME=PATH_OR_URL",
         "XMLTV guide to try it on, instead of playlists: the expression is for programmes");
    add_option(test_expression, "--applies-to", raw.applies_to, "programmes|guide_channels",
               "What of the guide it is for (programmes)");
    add_option(test_expression, "--limit", raw.limit, "N", "How many are shown at most (10)");
    add_option(test_expression, "--base-url", raw.base_url, "URL",
               "Address under which the output is served, for @logo:");
    add_option(test_expression, "--now", raw.now, "TIME",
               "The time to work with, such as 2026-01-31T20:00:00Z");
    add_option(test_expression, "--log-level", raw.log_level, "LEVEL",
               "trace, debug, info, warn, error or off (warn)");
  }

  void add_migrate_config() {
    migrate_config = app.add_subcommand(
        "migrate-config", "Rewrite an old configuration's keys of memory handling as today's");
    migrate_config->footer(kMigrateConfigExamples);
    migrate_config->add_option("FILE", raw.file, "Configuration (TOML)")->type_name("");
    add_option(migrate_config, "--output", raw.output, "FILE",
               "Write there, also onto FILE itself (standard output)");
  }
};

Result<std::vector<config::SourceConfig>> read_sources(const char* option,
                                                       const std::vector<std::string>& texts) {
  std::vector<config::SourceConfig> sources;
  for (const std::string& text : texts) {
    M3U_TRY(auto source, parse_source(option, text));
    sources.push_back(std::move(source));
  }
  return sources;
}

/// Without its final slashes.
Result<std::optional<std::string>> read_base_url(const std::string& text) {
  std::optional<std::string> url = given(text);
  if (url && !url->starts_with("http://") && !url->starts_with("https://"))
    return usage(
        fmt::format("--base-url {} does not begin with http:// or https://", excerpt(text)));
  while (url && url->ends_with('/')) url->pop_back();
  return url;
}

config::ExpressionConfig expression_of(std::string name, const std::string& text) {
  config::ExpressionConfig out;
  out.name = {.name = name, .where = {.source = name}};
  out.where = {.source = std::move(name)};
  out.expression = text;
  return out;
}

/// --include and --exclude in their order on the line.
std::vector<config::ExpressionConfig> read_filters(const Parser& parser) {
  std::vector<config::ExpressionConfig> filters;
  std::size_t included = 0;
  std::size_t excluded = 0;
  for (const CLI::Option* option : parser.generate->parse_order()) {
    const bool include = option == parser.include;
    if (!include && option != parser.exclude) continue;
    std::size_t& count = include ? included : excluded;
    const auto& texts = include ? parser.raw.includes : parser.raw.excludes;
    filters.push_back(expression_of(
        fmt::format("{} {}", include ? "--include" : "--exclude", count + 1), texts[count]));
    filters.back().action = include ? rules::FilterAction::kInclude : rules::FilterAction::kExclude;
    ++count;
  }
  return filters;
}

Result<config::ConfigFlags> read_flags(const Parser& parser) {
  const Raw& raw = parser.raw;
  config::ConfigFlags flags;
  M3U_TRY(flags.sources, read_sources("--source", raw.sources));
  M3U_TRY(flags.epg_sources, read_sources("--epg", raw.epg));
  flags.filters = read_filters(parser);
  for (std::size_t i = 0; i < raw.rules.size(); ++i)
    flags.rules.push_back(expression_of(fmt::format("--rule {}", i + 1), raw.rules[i]));
  M3U_CHECK(read_number("--start-number", raw.start_number, 1, 2147483647,
                        flags.starting_channel_number));
  M3U_CHECK(read_number("--batch-size", raw.batch_size, 1, 1'000'000, flags.batch_size));
  M3U_CHECK(read_word<generation::UrlMode>("--mode", raw.mode,
                                           {{"direct", generation::UrlMode::kDirect},
                                            {"redirect", generation::UrlMode::kRedirect},
                                            {"proxy", generation::UrlMode::kProxy}},
                                           flags.mode));
  M3U_CHECK(read_word<guide::GuideMatch>("--match", raw.match,
                                         {{"id", guide::GuideMatch::kId},
                                          {"casefold", guide::GuideMatch::kCaseFold},
                                          {"name", guide::GuideMatch::kName}},
                                         flags.match));
  if (!raw.memory_limit.empty()) {
    M3U_TRY(flags.memory_limit, parse_memory_limit(raw.memory_limit));
  }
  flags.spill_dir = given(raw.spill_dir);
  M3U_TRY(flags.base_url, read_base_url(raw.base_url));
  return flags;
}

Result<CommandLine> read_generate(const Parser& parser) {
  constexpr std::int64_t kMostThreads = 1024;
  const Raw& raw = parser.raw;
  GenerateOptions out;
  M3U_TRY(out.flags, read_flags(parser));
  M3U_CHECK(read_number("--threads", raw.threads, 1, kMostThreads, out.threads));
  if (!raw.now.empty()) {
    M3U_TRY(out.now, parse_now(raw.now));
  }
  std::optional<ProgressMode> progress;
  M3U_CHECK(read_word<ProgressMode>("--progress", raw.progress,
                                    {{"auto", ProgressMode::kAuto},
                                     {"plain", ProgressMode::kPlain},
                                     {"none", ProgressMode::kNone}},
                                    progress));
  out.progress = progress.value_or(ProgressMode::kAuto);
  out.config = given(raw.config);
  out.out = raw.out;
  out.cache_dir = given(raw.cache_dir);
  out.report = given(raw.report);
  out.log_level = given(raw.log_level);
  if (!out.config && out.flags.sources.empty())
    return usage("nothing to generate from",
                 "give --source NAME=PATH_OR_URL, or --config FILE; see m3u-proxy generate --help");
  if (out.out.empty())
    return usage("--out is missing", "say where the files go, such as --out out");
  return out;
}

Result<CommandLine> read_test_expression(const Raw& raw) {
  constexpr std::int64_t kMostShown = 1'000'000;
  TestExpressionOptions out;
  out.expression = raw.expression;
  M3U_TRY(out.sources, read_sources("--source", raw.sources));
  M3U_TRY(out.epg_sources, read_sources("--epg", raw.epg));
  M3U_TRY(out.base_url, read_base_url(raw.base_url));
  if (!raw.now.empty()) {
    M3U_TRY(out.now, parse_now(raw.now));
  }
  M3U_CHECK(read_number("--limit", raw.limit, 0, kMostShown, out.limit));
  M3U_TRY(out.applies_to, parse_applies_to(raw.applies_to, !out.epg_sources.empty()));
  out.log_level = given(raw.log_level);
  if (trim(out.expression).empty())
    return usage("the expression is missing",
                 "such as m3u-proxy test-expression 'group_title contains \"news\"' --source "
                 "tv=list.m3u");
  if (out.sources.empty() && out.epg_sources.empty())
    return usage("--source is missing",
                 "such as --source tv=list.m3u; for programmes --epg guide=guide.xml");
  if (!out.sources.empty() && !out.epg_sources.empty())
    return usage("an expression is tried on channels or on programmes, not on both",
                 "give --source for channels, --epg for programmes");
  return out;
}

Result<CommandLine> read_completion(const std::string& kind) {
  const ProgramInfo program = describe_program();
  if (kind == "bash") return PrintOptions{.text = bash_completion(program)};
  if (kind == "zsh") return PrintOptions{.text = zsh_completion(program)};
  if (kind == "fish") return PrintOptions{.text = fish_completion(program)};
  if (kind == "man") return PrintOptions{.text = man_page(program)};
  return usage(
      fmt::format("generate-completion {}: expected bash, zsh, fish or man", excerpt(kind)));
}

Result<CommandLine> read_command(const Parser& parser) {
  if (parser.generate->parsed()) return read_generate(parser);
  if (parser.serve->serve()->parsed()) {
    M3U_TRY(ServeOptions options, parser.serve->read_serve());
    return options;
  }
  if (parser.serve->ctl()->parsed()) {
    M3U_TRY(CtlOptions options, parser.serve->read_ctl());
    return options;
  }
  if (parser.backup->backup()->parsed()) return parser.backup->read_backup();
  if (parser.backup->restore()->parsed()) return parser.backup->read_restore();
  if (parser.backup->exporting()->parsed()) return parser.backup->read_export();
  if (parser.test_expression->parsed()) return read_test_expression(parser.raw);
  if (parser.plugin->command()->parsed()) return parser.plugin->read();
  if (parser.completion->parsed()) return read_completion(parser.raw.completion);
  if (parser.check->parsed()) {
    if (parser.raw.file.empty())
      return usage("the configuration file is missing", "such as m3u-proxy check m3u-proxy.toml");
    return CheckOptions{.file = parser.raw.file};
  }
  if (parser.migrate_config->parsed()) {
    if (parser.raw.file.empty())
      return usage("the configuration file is missing",
                   "such as m3u-proxy migrate-config old.toml");
    return MigrateConfigOptions{.file = parser.raw.file, .output = given(parser.raw.output)};
  }
  if (parser.importing->command()->parsed()) {
    M3U_TRY(auto options, parser.importing->read());
    return std::visit([](auto& one) -> CommandLine { return std::move(one); }, options);
  }
  return usage("no command given", "such as m3u-proxy generate; see m3u-proxy --help");
}

CommandInfo describe(const CLI::App& app) {
  CommandInfo out{.name = app.get_name(),
                  .help = app.get_description(),
                  .examples = app.get_footer(),
                  .options = {},
                  .commands = {}};
  for (const CLI::Option* option : app.get_options()) {
    const bool positional = option->get_lnames().empty() && option->get_snames().empty();
    out.options.push_back({.names = option->get_name(positional, !positional),
                           .value = option->get_expected_min() == 0 ? "" : option->get_type_name(),
                           .help = option->get_description(),
                           .positional = positional});
  }
  const auto for_people = [](const CLI::App* command) { return !command->get_group().empty(); };
  for (const CLI::App* command : app.get_subcommands(for_people))
    out.commands.push_back(describe(*command));
  return out;
}

}  // namespace

Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments) {
  Parser parser;
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    parser.app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    return PrintOptions{.text = parser.app.help()};  // of the command that was chosen, if any
  } catch (const CLI::CallForVersion& version) {
    return PrintOptions{.text = std::string(version.what()) + '\n'};
  } catch (const CLI::ParseError& error) {
    return explain_usage(parser.app, error);
  }
  return read_command(parser);
}

ProgramInfo describe_program() {
  const Parser parser;
  CommandInfo program = describe(parser.app);
  return {.name = "m3u-proxy",
          .version = std::string(kVersion),
          .help = kProgramHelp,
          .commands = std::move(program.commands),
          .options = std::move(program.options)};
}

}  // namespace m3u_proxy::cli
