// CommandLine: what the user typed, as plain values; and the program's own description of its
// subcommands and options, from which help, shell completion and the manual page are made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/cli/backup/backup_options.hpp>
#include <m3u_proxy/cli/backup/transfer_options.hpp>
#include <m3u_proxy/cli/import/import_options.hpp>
#include <m3u_proxy/cli/plugin_options.hpp>
#include <m3u_proxy/cli/serve/serve_options.hpp>
#include <m3u_proxy/config/load_configuration.hpp>

namespace m3u_proxy::cli {

enum class ProgressMode : std::uint8_t { kAuto, kPlain, kNone };

struct GenerateOptions {
  std::optional<std::string> config;
  config::ConfigFlags flags;
  std::string out;
  std::optional<std::string> cache_dir;
  std::size_t threads = 0;          ///< 0: as many as the machine has
  std::optional<std::int64_t> now;  ///< seconds since 1970
  std::optional<std::string> report;
  ProgressMode progress = ProgressMode::kAuto;
  std::optional<std::string> log_level;
};

struct CheckOptions {
  std::string file;
};

/// Either sources or epg_sources is empty: an expression is about channels or about programmes.
struct TestExpressionOptions {
  std::string expression;
  std::vector<config::SourceConfig> sources;
  std::vector<config::SourceConfig> epg_sources;
  catalog::Domain applies_to = catalog::Domain::kChannels;  ///< with EPG sources another
  std::optional<std::string> base_url;                      ///< without a final slash
  std::optional<std::int64_t> now;                          ///< seconds since 1970
  std::size_t limit = 10;
  std::optional<std::string> log_level;
};

struct MigrateConfigOptions {
  std::string file;
  std::optional<std::string> output;  ///< nullopt: standard output
};

/// `--generate-completion` and the like: text that is printed, and that is all.
struct PrintOptions {
  std::string text;
};

using CommandLine =
    std::variant<GenerateOptions, CheckOptions, TestExpressionOptions, MigrateConfigOptions,
                 ImportOptions, PluginOptions, ServeOptions, CtlOptions, BackupOptions,
                 RestoreOptions, ExportOptions, ImportFileOptions, PrintOptions>;

/// Reads the arguments after the program's name. `now` is the time for relative dates.
/// Error: kInvalidArgument, with what was probably meant in its hint.
Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments);

struct OptionInfo {
  std::string names;  ///< "--config" or "-h,--help"; the name of a positional argument
  std::string value;  ///< "FILE", "direct|redirect|proxy"; empty: a switch
  std::string help;
  bool positional = false;
};
struct CommandInfo {
  std::string name;
  std::string help;
  std::string examples;
  std::vector<OptionInfo> options;
  std::vector<CommandInfo> commands;  ///< that follow it; one of them has to
};
struct ProgramInfo {
  std::string name;
  std::string version;
  std::string help;
  std::vector<CommandInfo> commands;
  std::vector<OptionInfo> options;  ///< of the program itself
};

ProgramInfo describe_program();

}  // namespace m3u_proxy::cli
