#include <map>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/cli/add_option.hpp>
#include <m3u_proxy/cli/plugin_arguments.hpp>
#include <m3u_proxy/cli/usage_errors.hpp>
#include <m3u_proxy/cli/value_parsers.hpp>
#include <m3u_proxy/plugins/manifest.hpp>

namespace m3u_proxy::cli {
namespace {

constexpr const char* kStages =
    "source_loading|data_mapping|filtering|channel_numbering|m3u_generation|epg";

constexpr const char* kListExamples =
    "Examples:\n"
    "  m3u-proxy plugin list --directory plugins\n"
    "  m3u-proxy plugin list --config m3u-proxy.toml --json";
constexpr const char* kInspectExamples = "Example:\n  m3u-proxy plugin inspect plugins/tagger.toml";
constexpr const char* kValidateExamples =
    "Examples:\n"
    "  m3u-proxy plugin validate plugins/tagger.toml\n"
    "  m3u-proxy plugin validate plugins/csv.toml --input list.csv";
constexpr const char* kRunExamples =
    "Examples:\n"
    "  m3u-proxy plugin run plugins/tagger.toml --stage data_mapping --input list.m3u\n"
    "  m3u-proxy plugin run plugins/csv.toml --stage source_loading < list.csv";
constexpr const char* kBenchExamples =
    "Example:\n  m3u-proxy plugin bench plugins/tagger.toml --channels 100000";
constexpr const char* kNewExamples =
    "Examples:\n"
    "  m3u-proxy plugin new --language cpp tagger\n"
    "  m3u-proxy plugin new --language rust tagger --into work/tagger";

constexpr const char* kClearExamples =
    "Example:\n  m3u-proxy plugin clear tagger --config m3u-proxy.toml";

void positional(CLI::App* command, const char* name, std::string& target, const char* help) {
  command->add_option(name, target, help)->type_name("");
}

constexpr const char* kFileHelp = "Its manifest, or the module beside it";

Result<std::optional<plugins::PluginStage>> read_stage(const std::string& text) {
  std::map<std::string_view, plugins::PluginStage> words;
  for (std::size_t i = 0; i < plugins::kPluginStageCount; ++i)
    words.emplace(plugins::kPluginStageNames.at(i), static_cast<plugins::PluginStage>(i));
  std::optional<plugins::PluginStage> stage;
  M3U_CHECK(read_word("--stage", text, words, stage));
  return stage;
}

std::unexpected<Error> missing(std::string_view what, std::string_view command) {
  return usage(fmt::format("{} is missing", what),
               fmt::format("see m3u-proxy plugin {} --help", command));
}

}  // namespace

PluginArguments::PluginArguments(CLI::App& program)
    : plugin_(program.add_subcommand("plugin", "Look at plugins, try them, begin new ones")) {
  add_list();
  add_inspect();
  add_validate();
  add_run();
  add_bench();
  add_new();
  add_clear();
  add_compile();
}

void PluginArguments::add_list() {
  list_ = plugin_->add_subcommand("list", "List the plugins of a folder");
  list_->footer(kListExamples);
  add_option(list_, "--directory", raw_.directory, "DIR", "Folder of plugins (plugins)");
  add_option(list_, "--config", raw_.config, "FILE", "Configuration that names the folder (TOML)");
  list_->add_flag("--json", raw_.json, "Print JSON");
}

void PluginArguments::add_inspect() {
  inspect_ = plugin_->add_subcommand("inspect", "Show what a plugin is, asks for and needs");
  inspect_->footer(kInspectExamples);
  positional(inspect_, "FILE", raw_.file, kFileHelp);
  inspect_->add_flag("--json", raw_.json, "Print JSON");
}

void PluginArguments::add_validate() {
  validate_ = plugin_->add_subcommand("validate", "Check a plugin against every rule of the ABI");
  validate_->footer(kValidateExamples);
  positional(validate_, "FILE", raw_.file, kFileHelp);
  add_option(validate_, "--input", raw_.input, "FILE",
             "Playlist, for epg a guide, for source_loading the plugin's format (made for it)");
}

void PluginArguments::add_run() {
  run_ = plugin_->add_subcommand("run", "Run a plugin alone and print what it makes");
  run_->footer(kRunExamples);
  positional(run_, "FILE", raw_.file, kFileHelp);
  add_option(run_, "--stage", raw_.stage, kStages, "Stage to run it in; required");
  add_option(run_, "--input", raw_.input, "FILE",
             "Playlist, for epg a guide, for source_loading any bytes (standard input)");
  add_option(run_, "--config-json", raw_.config_json, "JSON",
             "Configuration, merged over the manifest's");
  add_option(run_, "--now", raw_.now, "TIME",
             "The time to work with, such as 2026-01-31T20:00:00Z");
}

void PluginArguments::add_bench() {
  bench_ = plugin_->add_subcommand("bench", "Measure a plugin");
  bench_->footer(kBenchExamples);
  positional(bench_, "FILE", raw_.file, kFileHelp);
  add_option(bench_, "--stage", raw_.stage, kStages, "Stage to run it in (the manifest's first)");
  add_option(bench_, "--input", raw_.input, "FILE",
             "Playlist, for epg a guide, for source_loading the plugin's format (made for it)");
  add_option(bench_, "--channels", raw_.channels, "N", "Channels or programmes to make (100000)");
}

void PluginArguments::add_new() {
  new_ = plugin_->add_subcommand("new", "Begin a plugin from a template");
  new_->footer(kNewExamples);
  positional(new_, "NAME", raw_.name, "Its name: letters, digits, - and _");
  add_option(new_, "--language", raw_.language, "cpp|rust", "Language to write it in; required");
  add_option(new_, "--into", raw_.into, "DIR", "Folder to make (NAME)");
}

void PluginArguments::add_clear() {
  clear_ = plugin_->add_subcommand("clear", "Let a plugin that failed too often run again");
  clear_->footer(kClearExamples);
  positional(clear_, "NAME", raw_.name, "Its name");
  add_option(clear_, "--config", raw_.config, "FILE", "Configuration that it runs with (TOML)");
}

void PluginArguments::add_compile() {
  compile_ = plugin_->add_subcommand("compile", "Compile a module; the program calls itself so");
  compile_->group("");  // for the program, not for people
  positional(compile_, "MODULE", raw_.file, "Module");
  positional(compile_, "OUT", raw_.out, "Compiled module");
}

Result<PluginOptions> PluginArguments::read() const {
  if (list_->parsed()) return read_list();
  if (new_->parsed()) return read_new();
  if (clear_->parsed()) {
    if (raw_.name.empty()) return missing("the plugin's name", "clear");
    return PluginClearOptions{.name = raw_.name, .config = given(raw_.config)};
  }
  const auto chosen = plugin_->get_subcommands();
  if (chosen.empty())
    return usage("no command given after plugin",
                 "such as m3u-proxy plugin list; see m3u-proxy plugin --help");
  if (raw_.file.empty()) return missing("the plugin's file", chosen.front()->get_name());
  if (run_->parsed()) return read_run();
  if (bench_->parsed()) return read_bench();
  if (validate_->parsed())
    return PluginValidateOptions{.file = raw_.file, .input = given(raw_.input)};
  if (inspect_->parsed()) return PluginInspectOptions{.file = raw_.file, .json = raw_.json};
  if (raw_.out.empty()) return usage("the file to write is missing");
  return PluginCompileOptions{.module = raw_.file, .out = raw_.out};
}

Result<PluginOptions> PluginArguments::read_list() const {
  PluginListOptions out{
      .directory = given(raw_.directory), .config = given(raw_.config), .json = raw_.json};
  if (out.directory && out.config)
    return usage("--directory and --config exclude each other", "give one of them");
  return out;
}

Result<PluginOptions> PluginArguments::read_run() const {
  PluginRunOptions out{
      .file = raw_.file, .input = given(raw_.input), .config_json = given(raw_.config_json)};
  M3U_TRY(const auto stage, read_stage(raw_.stage));
  if (!stage) return missing("--stage", "run");
  out.stage = *stage;
  if (!raw_.now.empty()) {
    M3U_TRY(out.now, parse_now(raw_.now));
  }
  return out;
}

Result<PluginOptions> PluginArguments::read_bench() const {
  constexpr std::int64_t kMostChannels = 10'000'000;
  PluginBenchOptions out{.file = raw_.file, .input = given(raw_.input)};
  M3U_TRY(out.stage, read_stage(raw_.stage));
  M3U_CHECK(read_number("--channels", raw_.channels, 1, kMostChannels, out.channels));
  return out;
}

Result<PluginOptions> PluginArguments::read_new() const {
  PluginNewOptions out{.name = raw_.name, .into = given(raw_.into)};
  std::optional<PluginLanguage> language;
  M3U_CHECK(read_word<PluginLanguage>(
      "--language", raw_.language, {{"cpp", PluginLanguage::kCpp}, {"rust", PluginLanguage::kRust}},
      language));
  if (!language) return missing("--language", "new");
  out.language = *language;
  if (out.name.empty()) return missing("the plugin's name", "new");
  if (!plugins::is_plugin_name(out.name))
    return usage(fmt::format("a plugin can't be called \"{}\"", excerpt(out.name)),
                 "use 1 to 64 letters, digits, '-' and '_'");
  return out;
}

}  // namespace m3u_proxy::cli
