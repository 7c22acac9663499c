// The channels of alerts: a webhook, ntfy (https://ntfy.sh), and mail.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <m3u_proxy/monitoring/alert_center.hpp>
#include <m3u_proxy/net/mail.hpp>

namespace m3u_proxy::monitoring {

/// POSTs {"state", "kind", "about", "text", "time"} as JSON; "state" is "begun" or "over".
std::unique_ptr<AlertChannel> webhook_channel(std::string url);
/// POSTs the text to a topic, "https://ntfy.sh/TOPIC".
std::unique_ptr<AlertChannel> ntfy_channel(std::string url);
std::unique_ptr<AlertChannel> mail_channel(net::MailServer server, std::string from,
                                           std::vector<std::string> to);

}  // namespace m3u_proxy::monitoring
