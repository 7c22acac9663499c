#include <m3u_proxy/cli/commands.hpp>
#include <m3u_proxy/cli/plugin_command.hpp>

namespace m3u_proxy::cli {

#if M3U_PROXY_WASM

namespace {

struct Runner {
  const config::Environment& environment;

  ExitCode operator()(const PluginListOptions& options) const {
    return run_plugin_list(options, environment);
  }
  ExitCode operator()(const PluginInspectOptions& options) const {
    return run_plugin_inspect(options);
  }
  ExitCode operator()(const PluginValidateOptions& options) const {
    return run_plugin_validate(options);
  }
  ExitCode operator()(const PluginRunOptions& options) const { return run_plugin_run(options); }
  ExitCode operator()(const PluginBenchOptions& options) const { return run_plugin_bench(options); }
  ExitCode operator()(const PluginNewOptions& options) const { return run_plugin_new(options); }
  ExitCode operator()(const PluginClearOptions& options) const {
    return run_plugin_clear(options, environment);
  }
  ExitCode operator()(const PluginCompileOptions& options) const {
    return run_plugin_compile(options);
  }
};

}  // namespace

ExitCode run_plugin(const PluginOptions& options, const config::Environment& environment) {
  // What a plugin logs is what its author wants to see; the others print all that there is to say.
  const bool runs = std::holds_alternative<PluginRunOptions>(options);
  if (const auto set = set_log_level({}, environment, runs ? "info" : "warn"); !set)
    return report_error(set.error());
  return std::visit(Runner{environment}, options);
}

#else

ExitCode run_plugin(const PluginOptions& /*options*/, const config::Environment& /*environment*/) {
  return report_error({.code = ErrorCode::kInvalidArgument,
                       .message = "this program was built without plugins",
                       .hint = "build it with cmake -DM3U_PROXY_WASM=ON"});
}

#endif

}  // namespace m3u_proxy::cli
