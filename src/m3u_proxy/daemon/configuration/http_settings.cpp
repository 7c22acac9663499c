#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include <m3u_proxy/base/ip_address.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/daemon/configuration/http_settings.hpp>
#include <m3u_proxy/settings/setting_places.hpp>

namespace m3u_proxy::daemon {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), ascii_lower);
  return result;
}

}  // namespace

Result<http::TcpEndpoint> endpoint_of(std::string_view listen) {
  const std::size_t colon = listen.rfind(':');
  const std::string_view port = colon == std::string_view::npos ? listen : listen.substr(colon + 1);
  const std::string_view host = colon == std::string_view::npos ? "" : listen.substr(0, colon);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size() || number > 65535)
    return fail(ErrorCode::kConfig, fmt::format("\"{}\" is no address to listen on", listen),
                "write it as 127.0.0.1:8080, or [::]:8080 for every interface");
  return http::TcpEndpoint{.host = host.empty() ? "127.0.0.1" : std::string(host),
                           .port = static_cast<std::uint16_t>(number)};
}

Result<http::AddressPolicy> address_policy(const config::HttpConfig& config,
                                           std::string_view machine) {
  http::AddressPolicy policy;
  if (!config.public_url.empty()) {
    M3U_TRY(policy.public_url, http::parse_base_address(config.public_url));
  }
  for (const config::Named& proxy : config.trusted_proxies) {
    M3U_TRY(Cidr range, parse_cidr(proxy.name));
    policy.trusted_proxies.push_back(range);
  }
  for (const config::Named& host : config.allowed_hosts)
    policy.allowed_hosts.push_back(lower(host.name));
  if (!machine.empty()) policy.allowed_hosts.push_back(lower(machine));
  for (const config::Named& origin : config.allowed_origins)
    policy.allowed_origins.push_back(origin.name);
  policy.base_path = config.base_path;
  return policy;
}

bool is_open_to_listeners(const config::HttpConfig& config, const http::TcpEndpoint& endpoint) {
  const auto address = parse_ip(endpoint.host);
  const bool is_local = endpoint.host == "localhost" || (address && address->is_loopback());
  return !is_local && config.certificate.empty() && config.trusted_proxies.empty();
}

void warn_of_open_doors(const config::HttpConfig& config, const http::TcpEndpoint& endpoint) {
  if (!is_open_to_listeners(config, endpoint)) return;
  log::warn(
      "http",
      "{} can be reached from other machines without encryption: passwords and tokens go over "
      "the network as they are. Give it a [http] certificate, or put a reverse proxy with TLS "
      "before "
      "it and name that in trusted_proxies, or listen on 127.0.0.1",
      config.listen);
}

Result<std::shared_ptr<const net::AddressGuard>> address_guard(
    const config::ServiceConfig& config) {
  std::vector<Cidr> allowed;
  for (const config::Named& network : config.allowed_networks) {
    M3U_TRY(const Cidr range, parse_cidr(network.name));
    allowed.push_back(range);
  }
  return std::make_shared<const net::AddressGuard>(std::move(allowed));
}

bool is_object_store_guarded(const config::LoadedConfiguration& loaded) {
  // Without an endpoint the region names the server.
  return settings::is_saved(loaded, loaded.configuration.service.s3_endpoint.empty()
                                        ? "service.s3_region"
                                        : "service.s3_endpoint");
}

std::shared_ptr<const io::FolderGuard> folder_guard(const config::ServiceConfig& config,
                                                    const std::filesystem::path& data) {
  std::vector<std::filesystem::path> allowed = {data / "example"};
  for (const config::Named& folder : config.allowed_folders) allowed.emplace_back(folder.name);
  return std::make_shared<const io::FolderGuard>(std::move(allowed));
}

}  // namespace m3u_proxy::daemon
