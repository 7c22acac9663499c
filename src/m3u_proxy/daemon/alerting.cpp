#include <m3u_proxy/daemon/alerting.hpp>
#include <m3u_proxy/monitoring/alert_channels.hpp>

namespace m3u_proxy::daemon {

std::vector<std::unique_ptr<monitoring::AlertChannel>> alert_channels(
    const config::AlertsConfig& config) {
  std::vector<std::unique_ptr<monitoring::AlertChannel>> channels;
  if (!config.webhook.empty()) channels.push_back(monitoring::webhook_channel(config.webhook));
  if (!config.ntfy.empty()) channels.push_back(monitoring::ntfy_channel(config.ntfy));
  if (config.smtp.empty()) return channels;
  std::vector<std::string> to;
  for (const config::Named& address : config.mail_to) to.push_back(address.name);
  channels.push_back(
      monitoring::mail_channel({.url = config.smtp}, config.mail_from, std::move(to)));
  return channels;
}

}  // namespace m3u_proxy::daemon
