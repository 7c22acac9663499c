#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/cli/commands.hpp>
#include <m3u_proxy/cli/print.hpp>
#include <m3u_proxy/cli/serve/service_check.hpp>
#include <m3u_proxy/sources/xtream_account.hpp>

namespace m3u_proxy::cli {
namespace {

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

/// What is wrong with the addresses of accounts: their parameters, and the passwords that they
/// name.
std::vector<config::ConfigProblem> wrong_accounts(const config::Configuration& configuration) {
  std::vector<config::ConfigProblem> problems;
  for (const auto* const list : {&configuration.sources, &configuration.epg_sources})
    for (const config::SourceConfig& source : *list) {
      const std::string_view address = trim(source.location);
      if (!sources::is_xtream_url(address)) continue;
      auto account = sources::parse_xtream_url(address);
      if (account) continue;
      Error error = std::move(account).error();
      error.code = ErrorCode::kConfig;
      error.where = source.name.where;
      error.message = fmt::format("\"{}\": {}", source.name.name, error.message);
      problems.push_back({.error = std::move(error)});
    }
  return problems;
}

}  // namespace

ExitCode run_check(const CheckOptions& options, const config::Environment& environment) {
  if (const auto set = set_log_level({}, environment, "info"); !set)
    return report_error(set.error());
  const auto loaded = load(options.file, environment, {});
  if (!loaded) return report_error(loaded.error());
  const config::Configuration& c = loaded->configuration;
  auto problems = loaded->problems;
  for (auto& problem : wrong_accounts(c)) problems.push_back(std::move(problem));
  for (auto& problem : service_problems(c)) problems.push_back(std::move(problem));
  if (!problems.empty()) return report_problems(problems);
  print("{} is right: {}, {}, {}, {}, {}\n", options.file,
        counted(c.proxies.size(), "proxy", "proxies"),
        counted(c.sources.size(), "source", "sources"),
        counted(c.epg_sources.size(), "EPG source", "EPG sources"),
        counted(c.filters.size(), "filter", "filters"), counted(c.rules.size(), "rule", "rules"));
  if (!c.not_acted_on.empty())
    log::info("config", "accepted and not acted on by this version: {}",
              fmt::join(c.not_acted_on, ", "));
  return ExitCode::kPublished;
}

}  // namespace m3u_proxy::cli
