// What a service takes over while it runs: its configuration file and its certificate.
#include <fmt/format.h>

#include <m3u_proxy/daemon/service_parts.hpp>

namespace m3u_proxy::daemon {

/// Certificate and key are seldom replaced in one step: until both fit, the old ones are shown.
void Service::Parts::reload_certificate(const std::filesystem::path& file) {
  if (const auto read = tls_->reload(); !read)
    log::error("http", "{} has changed, and the old certificate stays: {}", file.string(),
               to_string(read.error()));
  else
    log::info("http", "the certificate was read again, since {} has changed", file.string());
}

/// The file has changed: what it says now holds, if it is right.
void Service::Parts::reload_file() {
  auto loaded = load_document(options_.config, options_.environment, options_.flags);
  if (!loaded) {
    log::error("config", "{} is not taken over: the old one holds", options_.config->string());
    return;
  }
  const auto taken = take_over(*store_, *loaded, options_.clock());
  if (!taken) {
    log::error("config", "{} is not taken over: {}", options_.config->string(),
               to_string(taken.error()));
    return;
  }
  if (!taken->empty())
    log::info("config", "{}: {} new, {} changed, {} removed", options_.config->string(),
              taken->added.size(), taken->changed.size(), taken->removed.size());
  apply(*loaded);
  document_ = std::move(loaded->document);
}

/// After a restore: what the file says holds again.
Result<> Service::Parts::take_file_again() {
  if (!options_.config) return release_file(*store_);
  M3U_TRY(const LoadedDocument loaded,
          load_document(options_.config, options_.environment, options_.flags));
  M3U_CHECK(take_over(*store_, loaded, options_.clock()));
  return {};
}

/// The plain sections, as far as they can change while the service runs.
void Service::Parts::apply(const LoadedDocument& loaded) {
  const std::vector<std::string> changed = changed_keys(*document_, *loaded.document);
  if (changed.empty()) return;
  const config::Configuration& now = loaded.configuration;
  auto policy = address_policy(http_config(loaded));
  auto conductor = conductor_options(now.service);
  for (const Error* const error :
       {policy ? nullptr : &policy.error(), conductor ? nullptr : &conductor.error()})
    if (error != nullptr)
      log::error("config", "{}: the old settings hold: {}", options_.config->string(),
                 to_string(*error));
  if (!policy || !conductor) return;
  addresses_.set(*std::move(policy));
  api_->configure(now.login);
  refresher_->set_max_shrink(now.service.max_shrink);
  if (auto guard = address_guard(now.service)) refresher_->set_guard(*std::move(guard));
  generator_->configure(now.service.generations_kept, runtime::run_options(now));
  process_->set_cleanup(now.memory_cleanup);
  conductor_->configure(now, *std::move(conductor));
  for (const std::string& key : changed)
    if (applies_at_once(key))
      log::info("config", "{} is another one now", key);
    else
      log::warn("config", "{} has changed in the file: it holds after a restart", key);
}

Result<jobs::Conductor::Options> Service::Parts::conductor_options(
    const config::ServiceConfig& config) {
  M3U_TRY(const jobs::TimeZone zone, jobs::TimeZone::find(config.time_zone));
  return jobs::Conductor::Options{
      .quiet_period = config.quiet_period,
      .refreshes = {.jitter = config.jitter, .zone = zone, .refresh = config.refresh}};
}

}  // namespace m3u_proxy::daemon
