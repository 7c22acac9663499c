#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include <m3u_proxy/cli/add_option.hpp>
#include <m3u_proxy/cli/import/import_arguments.hpp>
#include <m3u_proxy/cli/usage_errors.hpp>
#include <m3u_proxy/cli/value_parsers.hpp>

namespace m3u_proxy::cli {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  m3u-proxy import tv.toml --check\n"
    "  m3u-proxy import tuliprox /srv/tuliprox/config --output m3u-proxy.toml\n"
    "  m3u-proxy import threadfin ~/.threadfin --secrets secrets --output m3u-proxy.toml";

}  // namespace

ImportArguments::ImportArguments(CLI::App& program) {
  command_ = program.add_subcommand(
      "import", "Take a configuration file into the database; or make one of another program's");
  command_->footer(kExamples);
  command_->require_subcommand(0, 1);
  add_file(command_);
  for (const importers::ProgramInfo& other : importers::other_programs()) {
    CLI::App* const command = command_->add_subcommand(
        std::string(other.name), fmt::format("Of {} (known: version {})", other.name, other.known));
    command->footer(
        fmt::format("Example:\n  m3u-proxy import {} PATH --output m3u-proxy.toml", other.name));
    command->add_option("PATH", raw_.path, std::string(other.takes))->type_name("")->required();
    command->add_option("--output", raw_.output, "Write there (standard output)")
        ->type_name("FILE")
        ->multi_option_policy(CLI::MultiOptionPolicy::Throw);
    command
        ->add_option("--secrets", raw_.secrets,
                     "Write each account's password to a file in DIR and name that (variables of "
                     "the environment)")
        ->type_name("DIR")
        ->multi_option_policy(CLI::MultiOptionPolicy::Throw);
    programs_.push_back(command);
  }
}

void ImportArguments::add_file(CLI::App* command) {
  command->add_option("FILE", raw_.file, "A configuration (*.toml), such as export prints")
      ->type_name("")
      ->check([](const std::string& file) -> std::string {
        if (file.ends_with(".toml") || file.contains('/')) return {};
        std::vector<std::string_view> names;
        for (const importers::ProgramInfo& other : importers::other_programs())
          names.push_back(other.name);
        return fmt::format("{} is neither a file *.toml nor one of the programs {}", file,
                           fmt::join(names, ", "));
      });
  add_option(command, "--data", raw_.data, "DIR", "The service's data folder (data)");
  add_option(command, "--config", raw_.config, "FILE",
             "The service's configuration, for its [database]");
  command->add_flag("--replace", raw_.replaces,
                    "Remove what people made and the file does not have");
  command->add_flag("--check", raw_.only_check, "Only say what would come of it");
}

Result<std::variant<ImportOptions, ImportFileOptions>> ImportArguments::read() const {
  for (std::size_t i = 0; i < programs_.size(); ++i) {
    if (!programs_[i]->parsed()) continue;
    if (!raw_.file.empty() || !raw_.data.empty() || !raw_.config.empty() || raw_.replaces ||
        raw_.only_check)
      return usage("a configuration file is imported, or that of another program, not both",
                   "import the other program's with --output FILE.toml, then that file");
    return ImportOptions{.program = importers::other_programs()[i].program,
                         .path = raw_.path,
                         .output = given(raw_.output),
                         .secrets = given(raw_.secrets)};
  }
  if (raw_.file.empty())
    return usage("the configuration file is missing",
                 "such as m3u-proxy import tv.toml, or m3u-proxy import tuliprox PATH");
  ImportFileOptions out{.file = raw_.file,
                        .config = given(raw_.config),
                        .replaces = raw_.replaces,
                        .only_check = raw_.only_check};
  if (!raw_.data.empty()) out.data = raw_.data;
  return out;
}

}  // namespace m3u_proxy::cli
