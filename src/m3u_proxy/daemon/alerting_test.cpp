#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/daemon/alerting.hpp>

namespace m3u_proxy::daemon {
namespace {

using config::SaidBy;
using ::testing::ElementsAre;

/// Which channels say that they may not reach a port of this machine, where nobody listens.
std::vector<std::string> refused(const config::LoadedConfiguration& loaded) {
  const auto nobody = std::make_shared<const net::AddressGuard>(std::vector<Cidr>());
  std::vector<std::string> names;
  for (const auto& channel : alert_channels(loaded, [nobody] { return nobody; })) {
    const auto sent = channel->send({.alert = {"kind", "tv", "text"}}, CancelToken());
    EXPECT_FALSE(sent);
    if (!sent && sent.error().message.contains("private network"))
      names.emplace_back(channel->name());
  }
  return names;
}

TEST(Alerting, OnlyWhatIsSavedIsGuarded) {
  config::LoadedConfiguration loaded;
  loaded.configuration.alerts = {.webhook = "http://127.0.0.1:1/hook",
                                 .ntfy = "http://127.0.0.1:1/topic",
                                 .smtp = "smtp://127.0.0.1:1",
                                 .mail_from = "tv@example.org",
                                 .mail_to = {{.name = "me@example.org"}}};
  for (const char* const key : {"alerts.webhook", "alerts.ntfy", "alerts.smtp"})
    loaded.said_by[key] = SaidBy::kDatabase;
  EXPECT_THAT(refused(loaded), ElementsAre("webhook", "ntfy", "mail"));
  loaded.said_by["alerts.webhook"] = SaidBy::kFile;
  loaded.said_by["alerts.ntfy"] = SaidBy::kEnvironment;
  EXPECT_THAT(refused(loaded), ElementsAre("mail"));
}

}  // namespace
}  // namespace m3u_proxy::daemon
