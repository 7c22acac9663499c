#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include <m3u_proxy/cli/import/import_arguments.hpp>
#include <m3u_proxy/cli/usage_errors.hpp>

namespace m3u_proxy::cli {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  m3u-proxy import tuliprox /srv/tuliprox/config --output m3u-proxy.toml\n"
    "  m3u-proxy import threadfin ~/.threadfin --secrets secrets --output m3u-proxy.toml";

}  // namespace

ImportArguments::ImportArguments(CLI::App& program) {
  command_ = program.add_subcommand("import", "Make a configuration of another program's");
  command_->footer(kExamples);
  command_->require_subcommand(1);
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

Result<ImportOptions> ImportArguments::read() const {
  ImportOptions out{.path = raw_.path};
  for (std::size_t i = 0; i < programs_.size(); ++i)
    if (programs_[i]->parsed()) out.program = importers::other_programs()[i].program;
  if (!raw_.output.empty()) out.output = raw_.output;
  if (!raw_.secrets.empty()) out.secrets = raw_.secrets;
  return out;
}

}  // namespace m3u_proxy::cli
