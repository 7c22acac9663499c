// ApiContext: what the API's handlers work on. Everything outlives the server.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <m3u_proxy/backup/restore.hpp>
#include <m3u_proxy/http/live_policy.hpp>
#include <m3u_proxy/http/server.hpp>
#include <m3u_proxy/jobs/conductor.hpp>
#include <m3u_proxy/jobs/generator.hpp>
#include <m3u_proxy/jobs/refresher.hpp>
#include <m3u_proxy/jobs/workers.hpp>
#include <m3u_proxy/logos/logo_library.hpp>
#include <m3u_proxy/monitoring/alert_center.hpp>
#include <m3u_proxy/outputs/published.hpp>
#include <m3u_proxy/runtime/process.hpp>
#include <m3u_proxy/settings/live_settings.hpp>
#include <m3u_proxy/store/secret_key.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::api {

struct ApiContext {
  store::Store& store;
  const store::SecretKey& key;
  runtime::Process& process;
  jobs::Conductor& conductor;
  jobs::Refresher& refresher;
  jobs::Generator& generator;
  jobs::Workers& workers;
  monitoring::AlertCenter& alerts;
  outputs::Published& published;
  logos::LogoLibrary& logos;
  std::shared_ptr<const outputs::Placeholders> placeholders;
  const http::LivePolicy& addresses;
  const config::Configuration& configuration;  ///< the plain sections, as the service started
  jobs::Clock clock;
  std::filesystem::path data;  ///< the data folder
  std::string version;
  /// What opens a proxy's outputs, made when there is nothing yet: its token, or its name.
  std::function<Result<std::string>(const jobs::ProxyEntry&)> output_door;
  std::function<http::ServerCounters()> http_counters;
  settings::LiveSettings& settings;
  /// Keys with what a service cannot do with their values, beyond what their tables check.
  std::function<std::vector<std::pair<std::string, Error>>(const config::Configuration&)>
      check_settings;
  /// Puts what the store names now in place of what is served.
  std::function<void()> publish;
  /// Takes over what is saved now.
  std::function<Result<>()> take_settings;
  /// Puts an archive in the place of what the service has; one at a time.
  std::function<Result<backup::RestoreSummary>(const backup::RestoreRequest&)> restore;
};

}  // namespace m3u_proxy::api
