// What a service takes over while it runs: its configuration file and its certificate.
#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/base/log_levels.hpp>
#include <m3u_proxy/daemon/own_address.hpp>
#include <m3u_proxy/daemon/service_parts.hpp>
#include <m3u_proxy/settings/setting_places.hpp>

namespace m3u_proxy::daemon {

/// Settings that are about to hold, with what is made of them: whatever is wrong with them shows
/// before anything is taken over.
struct Service::Parts::Change {
  LoadedDocument loaded;
  http::AddressPolicy policy;
  jobs::Conductor::Options conductor;
  std::shared_ptr<const net::AddressGuard> guard;
};

Result<Service::Parts::Change> Service::Parts::prepare(LoadedDocument loaded) {
  const config::Configuration& now = loaded.configuration;
  M3U_TRY(auto policy, address_policy(now.http, host_name()));
  M3U_TRY(auto conductor, conductor_options(now.service));
  M3U_TRY(auto guard, address_guard(now.service));
  return Change{.loaded = std::move(loaded),
                .policy = std::move(policy),
                .conductor = std::move(conductor),
                .guard = std::move(guard)};
}

/// Certificate and key are seldom replaced in one step: until both fit, the old ones are shown.
void Service::Parts::reload_certificate(const std::filesystem::path& file) {
  if (const auto read = tls_->reload(); !read)
    log::error("http", "{} has changed, and the old certificate stays: {}", file.string(),
               to_string(read.error()));
  else
    log::info("http", "the certificate was read again, since {} has changed", file.string());
}

/// The file as it is now, with what is saved now. With applying_ held.
Result<Service::Parts::Change> Service::Parts::load_again() {
  M3U_TRY(const auto saved, settings::read_saved(*store_, *key_));
  M3U_TRY(auto loaded,
          load_document(options_.config, options_.environment, options_.flags, &saved.tree));
  M3U_TRY(auto change, prepare(std::move(loaded)));
  saved_revision_ = saved.revision;
  return change;
}

/// The file has changed: what it says now holds, if all of it is right.
void Service::Parts::reload_file() {
  const std::scoped_lock lock(applying_);
  auto change = load_again();
  if (!change) {
    log::error("config", "{} is not taken over, the old one holds: {}", options_.config->string(),
               to_string(change.error()));
    return;
  }
  const auto taken = take_over(*store_, change->loaded, options_.clock());
  if (!taken) {
    saved_revision_ = -1;  // what is saved is still to be taken, without the file
    log::error("config", "{} is not taken over: {}", options_.config->string(),
               to_string(taken.error()));
    return;
  }
  if (!taken->empty())
    log::info("config", "{}: {} new, {} changed, {} removed", options_.config->string(),
              taken->added.size(), taken->changed.size(), taken->removed.size());
  apply(*std::move(change));
}

/// After a restore: what the file says holds again, and what is saved now.
Result<> Service::Parts::take_file_again() {
  const std::scoped_lock lock(applying_);
  M3U_TRY(Change change, load_again());
  if (options_.config)
    M3U_CHECK(take_over(*store_, change.loaded, options_.clock()));
  else
    M3U_CHECK(release_file(*store_));
  apply(std::move(change));
  return {};
}

/// Settings of a backup that somebody sent through the API: they name no place that could not be
/// saved there.
Result<> Service::Parts::check_restored(const ConfigNode& saved) const {
  const auto wrong =
      settings::wrong_places(settings_.try_out(saved), settings_.said(), folder_->path());
  if (wrong.empty()) return {};
  const auto& [key, error] = wrong.front();
  return fail(error.code, fmt::format("the backup's settings: {}: {}", key, error.message),
              error.hint + "; or use m3u-proxy restore");
}

/// What is saved has changed, here or in another process.
Result<> Service::Parts::take_settings() {
  const std::scoped_lock lock(applying_);
  M3U_TRY(const auto saved, settings::read_saved(*store_, *key_));
  if (saved.revision == saved_revision_) return {};
  LoadedDocument loaded;
  loaded.document = settings_.document();
  static_cast<config::LoadedConfiguration&>(loaded) = settings_.read(loaded.document, &saved.tree);
  if (!loaded.problems.empty()) return fail(loaded.problems.front().error);
  M3U_TRY(Change change, prepare(std::move(loaded)));
  saved_revision_ = saved.revision;
  apply(std::move(change));
  return {};
}

void Service::Parts::take_log(const config::ServiceConfig& config) const {
  log::change_format(config.json_log ? log::Format::kJson : log::Format::kText);
  // Of start() the command line's and the environment's are there already.
  if (const auto taken = log::change_levels(config.log_level); !taken)
    log::error("config", "service.log_level: {}", to_string(taken.error()));
}

/// Whether the memory limit that is said now holds.
bool Service::Parts::take_limit(const config::Configuration& now) {
  const auto taken = process_->change_memory_limit(now.proxy_memory.max_memory_mb);
  if (!taken) log::error("config", "{}", to_string(taken.error()));
  return taken.value_or(false);
}

/// The plain sections, as far as they can change while the service runs. With applying_ held.
void Service::Parts::apply(Change change) {
  const LoadedDocument& loaded = change.loaded;
  const config::Configuration& now = loaded.configuration;
  const auto changed = config::changed_keys(settings_.said(), now);
  const auto is_changed = [&](std::string_view section_or_key) {
    return std::ranges::any_of(
        changed, [&](const std::string& key) { return key.starts_with(section_or_key); });
  };
  change.conductor.replicas = depot_ != nullptr;  // as it was at the start
  // Also one that was said before and did not fit then.
  constexpr std::string_view kLimit = "proxy_memory.max_memory_mb";
  const auto waited = settings_.restart_needed();
  const bool is_other = is_changed(kLimit) || std::ranges::find(waited, kLimit) != waited.end();
  const bool limit_holds = !is_other || take_limit(now);
  settings_.change(loaded.document, loaded, [&](std::string_view key) {
    return config::applies_at_once(key) && (limit_holds || key != kLimit);
  });
  // Who says an address may be another one, although it is the same.
  alerts_->set_channels(alert_channels(loaded, [this] { return refresher_->guard(); }));
  if (changed.empty()) return;
  addresses_.set(std::move(change.policy));
  api_->configure(now.login);
  space_->set_max_mb(now.service.max_snapshot_mb);
  refresher_->set_max_shrink(now.service.max_shrink);
  refresher_->set_guards(std::move(change.guard), folder_guard(now.service, folder_->path()));
  const runtime::RunOptions run = runtime::run_options(now);
  refresher_->set_max_download(run.max_download);
  generator_->configure(now.service.generations_kept, run);
  process_->set_cleanup(now.memory_cleanup);
  config::Configuration base = now;
  base.wasm_plugins = loaded_.configuration.wasm_plugins;  // the plugins that run
  conductor_->configure(std::move(base), std::move(change.conductor));
  if (is_changed("alerts.")) view_->configure(now.alerts);
  if (is_changed("service.log_")) take_log(now.service);
  const auto waiting = settings_.restart_needed();
  for (const std::string& key : changed)
    if (std::ranges::find(waiting, key) == waiting.end())
      log::info("config", "{} is another one now", key);
    else
      log::warn("config", "{} has changed: it holds after a restart", key);
}

Result<jobs::Conductor::Options> Service::Parts::conductor_options(
    const config::ServiceConfig& config) {
  M3U_TRY(const jobs::TimeZone zone, jobs::TimeZone::find(config.time_zone));
  return jobs::Conductor::Options{
      .quiet_period = config.quiet_period,
      .refreshes = {.jitter = config.jitter, .zone = zone, .refresh = config.refresh}};
}

}  // namespace m3u_proxy::daemon
