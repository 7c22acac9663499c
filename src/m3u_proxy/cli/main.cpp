// m3u-proxy: the program. Reads the command line and hands over to the subcommand.
#include <cerrno>
#include <cstdio>
#include <exception>

#include <fmt/format.h>
#include <unistd.h>

#include <m3u_proxy/cli/commands.hpp>
#include <m3u_proxy/cli/plugin_command.hpp>
#include <m3u_proxy/cli/print.hpp>
#include <m3u_proxy/memory/program_pages.hpp>

namespace {

using namespace m3u_proxy;  // NOLINT(google-build-using-namespace): the program itself

config::Environment read_environment() {
  config::Environment out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos)
      out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

struct Runner {
  config::Environment environment = read_environment();

  cli::ExitCode operator()(const cli::GenerateOptions& options) const {
    return cli::run_generate(options, environment);
  }
  cli::ExitCode operator()(const cli::CheckOptions& options) const {
    return cli::run_check(options, environment);
  }
  cli::ExitCode operator()(const cli::TestExpressionOptions& options) const {
    return cli::run_test_expression(options, environment);
  }
  cli::ExitCode operator()(const cli::MigrateConfigOptions& options) const {
    return cli::run_migrate_config(options);
  }
  cli::ExitCode operator()(const cli::ImportOptions& options) const {
    return cli::run_import(options);
  }
  cli::ExitCode operator()(const cli::ServeOptions& options) const {
    return cli::run_serve(options, environment);
  }
  cli::ExitCode operator()(const cli::CtlOptions& options) const { return cli::run_ctl(options); }
  cli::ExitCode operator()(const cli::BackupOptions& options) const {
    return cli::run_backup(options, environment);
  }
  cli::ExitCode operator()(const cli::RestoreOptions& options) const {
    return cli::run_restore(options, environment);
  }
  cli::ExitCode operator()(const cli::ExportOptions& options) const {
    return cli::run_export(options, environment);
  }
  cli::ExitCode operator()(const cli::ImportFileOptions& options) const {
    return cli::run_import_file(options, environment);
  }
  cli::ExitCode operator()(const cli::PluginOptions& options) const {
    return cli::run_plugin(options, environment);
  }
  cli::ExitCode operator()(const cli::PrintOptions& options) const {
    cli::print_to(stdout, options.text);
    return cli::ExitCode::kPublished;
  }
};

cli::ExitCode run(const std::vector<std::string>& arguments) {
  const auto command = cli::parse_command_line(arguments);
  if (!command) return cli::report_error(command.error());
  memory::release_program_pages();
  const cli::ExitCode code = std::visit(Runner{}, *command);
  // What `generate` has published is published, heard of or not; all else is what it prints.
  const bool only_prints = !std::holds_alternative<cli::GenerateOptions>(*command);
  if (std::fflush(stdout) == 0 || !only_prints || code != cli::ExitCode::kPublished ||
      errno == EPIPE)
    return code;
  return cli::report_error(system_error("cannot write to standard output", errno));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return static_cast<int>(run({argv + 1, argv + argc}));
  } catch (const memory::OverBudget& refused) {
    return static_cast<int>(cli::report_error(refused.error()));
  } catch (const std::bad_alloc&) {
    return static_cast<int>(
        cli::report_error({.code = ErrorCode::kOverBudget,
                           .message = "the system has no memory left",
                           .hint = "set --memory-limit to what this machine can give"}));
  } catch (const std::exception& exception) {
    return static_cast<int>(cli::report_error(
        {.code = ErrorCode::kInternal, .message = fmt::format("a bug: {}", exception.what())}));
  }
}
