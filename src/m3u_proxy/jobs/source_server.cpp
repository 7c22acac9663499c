#include <set>
#include <string_view>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/url_text.hpp>
#include <m3u_proxy/jobs/source_server.hpp>
#include <m3u_proxy/net/url.hpp>
#include <m3u_proxy/sources/xtream_account.hpp>

namespace m3u_proxy::jobs {
namespace {

/// Whether a refresh still asks its server: it has said nothing yet, or is at one of these stages.
bool is_asking(std::string_view stage) {
  return stage.empty() || stage == "download" || stage == "episodes";
}

}  // namespace

std::optional<SourceServer> server_of(const config::SourceConfig& source) {
  const std::string_view location = trim(source.location);
  std::string address(location);
  if (sources::is_xtream_url(location)) {
    // Its password may be in a file: only the server counts here.
    const std::string_view account = location.substr(0, location.find('?'));
    const bool secure = starts_with_ascii_case(account, "xtreams:");
    const std::string_view rest = account.substr(account.find("://") + 3);
    const std::size_t at = rest.rfind('@');
    if (at == std::string_view::npos) return std::nullopt;
    address = fmt::format("{}://{}", secure ? "https" : "http", rest.substr(at + 1));
  } else if (!is_http_url(location)) {
    return std::nullopt;
  }
  const auto origin = net::origin_of(address);
  if (!origin) return std::nullopt;
  SourceServer server{.host = fmt::format("{}:{}", origin->host, origin->port), .key = {}};
  server.key = address == location ? server.host : location.substr(0, location.find('?'));
  return server;
}

std::vector<std::string> waiting_for_servers(const Model& model,
                                             const std::vector<RunningJob>& running) {
  std::set<std::string> busy;
  for (const auto& [job, stage] : running) {
    if (!is_asking(stage)) continue;
    const auto id = parse_uuid(job.target);
    const SourceEntry* const source = id ? model.find_source(*id) : nullptr;
    if (source == nullptr) continue;
    if (const auto server = server_of(source->config)) busy.insert(server->host);
  }
  std::vector<std::string> targets;
  if (busy.empty()) return targets;
  for (const SourceEntry& source : model.sources)
    if (const auto server = server_of(source.config); server && busy.contains(server->host))
      targets.push_back(to_string(source.id));
  return targets;
}

}  // namespace m3u_proxy::jobs
