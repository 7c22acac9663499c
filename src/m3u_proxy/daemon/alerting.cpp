#include <m3u_proxy/daemon/alerting.hpp>
#include <m3u_proxy/settings/setting_places.hpp>

namespace m3u_proxy::daemon {

std::vector<std::unique_ptr<monitoring::AlertChannel>> alert_channels(
    const config::LoadedConfiguration& loaded, const monitoring::Guard& guard) {
  const config::AlertsConfig& config = loaded.configuration.alerts;
  const auto guard_of = [&](std::string_view key) {
    return settings::is_saved(loaded, key) ? guard : monitoring::Guard();
  };
  std::vector<std::unique_ptr<monitoring::AlertChannel>> channels;
  if (!config.webhook.empty())
    channels.push_back(monitoring::webhook_channel(config.webhook, guard_of("alerts.webhook")));
  if (!config.ntfy.empty())
    channels.push_back(monitoring::ntfy_channel(config.ntfy, guard_of("alerts.ntfy")));
  if (config.smtp.empty()) return channels;
  std::vector<std::string> to;
  for (const config::Named& address : config.mail_to) to.push_back(address.name);
  channels.push_back(monitoring::mail_channel(config.smtp, config.mail_from, std::move(to),
                                              guard_of("alerts.smtp")));
  return channels;
}

}  // namespace m3u_proxy::daemon
