// SourceServer: whom a source is asked of, and which sources wait because theirs is being asked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/config/configuration.hpp>
#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/jobs/workers.hpp>

namespace m3u_proxy::jobs {

struct SourceServer {
  std::string host;  ///< "host:port"; asked by one source at a time
  std::string key;   ///< who fails by itself: the host, or one of the accounts that it has
};

/// nullopt: nobody; it is a file, or its address is wrong.
std::optional<SourceServer> server_of(const config::SourceConfig& source);

/// The targets of refreshes that would only wait for one of `running`, as the same host is asked.
/// One whose stage says that it has its reply keeps nobody waiting.
std::vector<std::string> waiting_for_servers(const Model& model,
                                             const std::vector<RunningJob>& running);

}  // namespace m3u_proxy::jobs
