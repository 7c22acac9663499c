#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/daemon/configuration/configuration_check.hpp>
#include <m3u_proxy/daemon/configuration/http_settings.hpp>
#include <m3u_proxy/jobs/schedule/schedule_check.hpp>

namespace m3u_proxy::daemon {
namespace {

config::ConfigProblem named(Error error, std::string_view key) {
  error.code = ErrorCode::kConfig;
  error.message = fmt::format("[http]: {}: {}", key, error.message);
  return {.error = std::move(error)};
}

}  // namespace

std::vector<config::ConfigProblem> service_problems(const config::Configuration& configuration) {
  std::vector<config::ConfigProblem> problems;
  for (Error& error : jobs::schedule_problems(configuration))
    problems.push_back({.error = std::move(error)});
  const config::HttpConfig& http = configuration.http;
  if (const auto endpoint = endpoint_of(http.listen); !endpoint)
    problems.push_back(named(endpoint.error(), "listen"));
  if (http.public_url.empty()) return problems;
  if (const auto address = http::parse_base_address(http.public_url); !address)
    problems.push_back(named(address.error(), "public_url"));
  return problems;
}

}  // namespace m3u_proxy::daemon
