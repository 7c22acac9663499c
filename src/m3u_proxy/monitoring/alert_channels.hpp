// The channels of alerts: a webhook, ntfy (https://ntfy.sh), and mail.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <m3u_proxy/monitoring/alert_center.hpp>
#include <m3u_proxy/net/address_guard.hpp>
#include <m3u_proxy/net/mail.hpp>

namespace m3u_proxy::monitoring {

/// Whom a channel may connect to, asked for each message; empty, or nullptr from it: anybody.
using Guard = std::function<std::shared_ptr<const net::AddressGuard>()>;

/// POSTs {"state", "kind", "about", "text", "time"} as JSON; "state" is "begun" or "over".
std::unique_ptr<AlertChannel> webhook_channel(std::string url, Guard guard);
/// POSTs the text to a topic, "https://ntfy.sh/TOPIC".
std::unique_ptr<AlertChannel> ntfy_channel(std::string url, Guard guard);
std::unique_ptr<AlertChannel> mail_channel(std::string url, std::string from,
                                           std::vector<std::string> to, Guard guard);

}  // namespace m3u_proxy::monitoring
