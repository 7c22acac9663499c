// What `serve`, `ctl` and the commands for a service's database are in a build without databases.
#include <m3u_proxy/cli/commands.hpp>
#include <m3u_proxy/cli/serve/service_check.hpp>

namespace m3u_proxy::cli {
namespace {

ExitCode refuse() {
  return report_error({.code = ErrorCode::kInvalidArgument,
                       .message = "this build of m3u-proxy has no service",
                       .hint = "build it with -DM3U_PROXY_DATABASE=ON"});
}

}  // namespace

std::vector<config::ConfigProblem> service_problems(
    const config::Configuration& /*configuration*/) {
  return {};
}

ExitCode run_serve(const ServeOptions& /*options*/, const config::Environment& /*environment*/) {
  return refuse();
}

ExitCode run_ctl(const CtlOptions& /*options*/) { return refuse(); }

ExitCode run_backup(const BackupOptions& /*options*/, const config::Environment& /*environment*/) {
  return refuse();
}

ExitCode run_restore(const RestoreOptions& /*options*/,
                     const config::Environment& /*environment*/) {
  return refuse();
}

ExitCode run_export(const ExportOptions& /*options*/, const config::Environment& /*environment*/) {
  return refuse();
}

ExitCode run_import_file(const ImportFileOptions& /*options*/,
                         const config::Environment& /*environment*/) {
  return refuse();
}

}  // namespace m3u_proxy::cli
