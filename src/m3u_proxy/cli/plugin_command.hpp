// The subcommands of `m3u-proxy plugin`, as commands.hpp has the others.
#pragma once

#include <m3u_proxy/cli/exit_code.hpp>
#include <m3u_proxy/cli/plugin_options.hpp>
#include <m3u_proxy/config/load_configuration.hpp>

namespace m3u_proxy::cli {

/// Any of them. In a program that was built without plugins it says so and answers kUsage.
ExitCode run_plugin(const PluginOptions& options, const config::Environment& environment);

ExitCode run_plugin_list(const PluginListOptions& options, const config::Environment& environment);
ExitCode run_plugin_inspect(const PluginInspectOptions& options);
ExitCode run_plugin_validate(const PluginValidateOptions& options);
ExitCode run_plugin_run(const PluginRunOptions& options);
ExitCode run_plugin_bench(const PluginBenchOptions& options);
ExitCode run_plugin_new(const PluginNewOptions& options);
ExitCode run_plugin_clear(const PluginClearOptions& options,
                          const config::Environment& environment);
ExitCode run_plugin_compile(const PluginCompileOptions& options);

}  // namespace m3u_proxy::cli
