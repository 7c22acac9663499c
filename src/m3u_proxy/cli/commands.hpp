// The subcommands: each takes its options and the environment, and answers with the exit code.
// Results go to standard output, everything else to standard error.
#pragma once

#include <m3u_proxy/cli/command_line.hpp>
#include <m3u_proxy/cli/exit_code.hpp>

namespace m3u_proxy::cli {

ExitCode run_generate(const GenerateOptions& options, const config::Environment& environment);
ExitCode run_check(const CheckOptions& options, const config::Environment& environment);
ExitCode run_test_expression(const TestExpressionOptions& options,
                             const config::Environment& environment);
ExitCode run_migrate_config(const MigrateConfigOptions& options);
ExitCode run_import(const ImportOptions& options);
/// Runs until SIGTERM or SIGINT.
ExitCode run_serve(const ServeOptions& options, const config::Environment& environment);
ExitCode run_ctl(const CtlOptions& options);
ExitCode run_backup(const BackupOptions& options, const config::Environment& environment);
ExitCode run_restore(const RestoreOptions& options, const config::Environment& environment);
ExitCode run_export(const ExportOptions& options, const config::Environment& environment);
ExitCode run_import_file(const ImportFileOptions& options, const config::Environment& environment);

/// `error: …` on standard error; returns the exit code that the error leads to.
ExitCode report_error(const Error& error);
/// Every problem of a configuration on standard error, and how many there are.
ExitCode report_problems(const std::vector<config::ConfigProblem>& problems);
/// Sets the log's levels from the flag, else M3U_PROXY_LOG, else `usual`. Error: kInvalidArgument.
Result<> set_log_level(const std::optional<std::string>& flag,
                       const config::Environment& environment, std::string_view usual);
/// The configuration of `file` (if any), the environment and the flags.
Result<config::LoadedConfiguration> load(const std::optional<std::string>& file,
                                         const config::Environment& environment,
                                         const config::ConfigFlags& flags);

}  // namespace m3u_proxy::cli
