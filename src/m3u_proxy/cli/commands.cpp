#include <cstdio>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/cli/commands.hpp>
#include <m3u_proxy/cli/log_modules.hpp>
#include <m3u_proxy/cli/print.hpp>

namespace m3u_proxy::cli {

ExitCode report_error(const Error& error) {
  print_error("error: {}\n", to_string(error));
  return exit_code_of(error.code);
}

ExitCode report_problems(const std::vector<config::ConfigProblem>& problems) {
  for (const config::ConfigProblem& problem : problems)
    print_error("error: {}\n", to_string(problem));
  print_error("{} {} found, nothing was done\n", problems.size(),
              problems.size() == 1 ? "mistake" : "mistakes");
  return ExitCode::kUsage;
}

Result<> set_log_level(const std::optional<std::string>& flag,
                       const config::Environment& environment, std::string_view usual) {
  const auto found = environment.find("M3U_PROXY_LOG");
  const bool in_environment = found != environment.end() && !found->second.empty();
  auto configured = log::configure(flag ? *flag : in_environment ? found->second : usual);
  if (configured)
    warn_of_unknown_modules();
  else
    configured.error().where.source = flag ? "--log-level" : "environment variable M3U_PROXY_LOG";
  return configured;
}

Result<config::LoadedConfiguration> load(const std::optional<std::string>& file,
                                         const config::Environment& environment,
                                         const config::ConfigFlags& flags) {
  std::optional<config::ConfigDocument> document;
  if (file) {
    auto read = config::read_document(*file);
    if (!read) {
      // In any case it is the user's configuration that is not usable.
      read.error().code = ErrorCode::kConfig;
      return fail(std::move(read).error());
    }
    document = *std::move(read);
  }
  auto loaded = config::load_configuration(document, environment, flags);
  for (const std::string& warning : loaded.warnings) log::warn("config", "{}", warning);
  if (!loaded.warnings.empty())
    log::info("config", "m3u-proxy migrate-config {} writes it with today's keys", *file);
  return loaded;
}

}  // namespace m3u_proxy::cli
