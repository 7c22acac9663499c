#include <m3u_proxy/cli/serve/service_check.hpp>
#include <m3u_proxy/daemon/configuration/configuration_check.hpp>

namespace m3u_proxy::cli {

std::vector<config::ConfigProblem> service_problems(const config::Configuration& configuration) {
  return daemon::service_problems(configuration);
}

}  // namespace m3u_proxy::cli
