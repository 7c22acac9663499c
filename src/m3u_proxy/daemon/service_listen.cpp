// How a service listens, and what answers there.
#include <fmt/format.h>

#include <m3u_proxy/daemon/configuration/setting_checks.hpp>
#include <m3u_proxy/daemon/own_address.hpp>
#include <m3u_proxy/daemon/service_parts.hpp>
#include <m3u_proxy/outputs/logo_routes.hpp>
#if M3U_PROXY_UI
#include <m3u_proxy/web/ui_routes.hpp>
#endif

namespace m3u_proxy::daemon {

Result<> Service::Parts::listen() {
  const config::HttpConfig& config = loaded_.configuration.http;
  M3U_TRY(auto policy, address_policy(config, host_name()));
  addresses_.set(std::move(policy));
  M3U_TRY(http::TcpEndpoint endpoint, endpoint_of(config.listen));
  warn_of_open_doors(config, endpoint);
  if (!config.certificate.empty()) {
    M3U_TRY(tls_, http::TlsIdentity::load(config.certificate, config.key));
    watch_->watch("certificate", {config.certificate, config.key},
                  [this](const auto& file) { reload_certificate(file); });
  }
  errands_ = std::make_unique<Errands>();
  questions_ = std::make_unique<Errands>();
  router_ = std::make_unique<http::Router>();
  control_router_ = std::make_unique<http::Router>();
  M3U_CHECK(outputs::add_output_routes(*router_, {.published = published_,
                                                  .variants = *variants_,
                                                  .placeholders = placeholders_,
                                                  .addresses = addresses_,
                                                  .budget = process_->budget(),
                                                  .slabs = process_->slabs()}));
  M3U_CHECK(outputs::add_logo_routes(*router_, {.published = published_,
                                                .cache = *logo_cache_,
                                                .library = *logos_,
                                                .addresses = addresses_,
                                                .budget = process_->budget(),
                                                .slabs = process_->slabs()}));
  M3U_CHECK(add_status_routes(*router_, {.ready = [this] { return ready(); },
                                         .view = *view_,
                                         .alerts = *alerts_,
                                         .process = *process_,
                                         .version = options_.version}));
#if M3U_PROXY_UI
  M3U_CHECK(web::add_ui_routes(*router_, {.budget = process_->budget()}));
#endif
  M3U_CHECK(add_metrics_route(*router_, {.process = *process_,
                                         .store = *store_,
                                         .view = *view_,
                                         .workers = *workers_,
                                         .alerts = *alerts_,
                                         .questions = *questions_,
                                         .addresses = addresses_,
                                         .http = [this] { return http_counters(); },
                                         .version = options_.version,
                                         .started = store::seconds_of(options_.clock()),
                                         .token = config.metrics_token}));
  const auto restore = [this](const auto& request) {
    return restoring_->run(request, Restoring::By::kOperator);
  };
  M3U_CHECK(add_control_routes(*control_router_, {.store = *store_,
                                                  .conductor = *conductor_,
                                                  .refresher = *refresher_,
                                                  .generator = *generator_,
                                                  .workers = *workers_,
                                                  .errands = *errands_,
                                                  .questions = *questions_,
                                                  .process = *process_,
                                                  .clock = options_.clock,
                                                  .outputs = [this] { return outputs(); },
                                                  .restore = restore,
                                                  .version = options_.version}));
  M3U_CHECK(make_api());
  http::ServerOptions server;
  server.listeners.push_back({.endpoint = std::move(endpoint),
                              .router = router_.get(),
                              .tls = tls_.get(),
                              .base_path = config.base_path});
  server.listeners.push_back(
      {.endpoint = http::UnixEndpoint{folder_->control_socket()}, .router = control_router_.get()});
  server.threads = 2;
  server.addresses = &addresses_;
  server.on_access = log_access;
  server.error_page = api::error_page;
  server.on_listening = [this](const auto& addresses) { listens_at_ = addresses; };
  M3U_TRY(server_, http::Server::start(std::move(server), process_->budget()));
  serving_ = server_.get();
  return {};
}

http::ServerCounters Service::Parts::http_counters() const {
  const http::Server* const server = serving_;
  return server == nullptr ? http::ServerCounters() : server->counters();
}

Result<> Service::Parts::make_api() {
  M3U_TRY(const auto admin, first_admin(options_.environment));
  M3U_TRY(api_,
          api::Api::create(
              *router_,
              {.store = *store_,
               .key = *key_,
               .process = *process_,
               .conductor = *conductor_,
               .refresher = *refresher_,
               .generator = *generator_,
               .workers = *workers_,
               .alerts = *alerts_,
               .published = published_,
               .logos = *logos_,
               .placeholders = placeholders_,
               .addresses = addresses_,
               .configuration = loaded_.configuration,
               .clock = options_.clock,
               .data = folder_->path(),
               .version = options_.version,
               .output_door = [this](const jobs::ProxyEntry& proxy) { return door_of(proxy); },
               .http_counters = [this] { return http_counters(); },
               .settings = settings_,
               .check_settings =
                   [this](const auto& settings) { return check_settings(settings, *process_); },
               .publish = [this] { publish(); },
               .take_settings = [this] { return take_settings(); },
               .restore =
                   [this](const auto& request) {
                     return restoring_->run(request, Restoring::By::kApi);
                   }},
              admin));
  return {};
}

std::string Service::Parts::address() const {
  const auto policy = addresses_.get();
  if (policy->public_url) return http::to_string(*policy->public_url);
  return fmt::format("{}://{}{}", tls_ ? "https" : "http",
                     reachable_at(listens_at_, own_addresses(), host_name()), policy->base_path);
}

}  // namespace m3u_proxy::daemon
