#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/memory/alerts.hpp>
#include <m3u_proxy/memory/memory_testing.hpp>

namespace m3u_proxy::memory {
namespace {

using testing::CapturedLog;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> messages(const MemoryMonitoringConfig& config,
                                  const GenerationMemory& memory) {
  std::vector<std::string> out;
  for (const MemoryAlert& alert : evaluate_alerts(config, memory)) out.push_back(alert.message);
  return out;
}

TEST(Alerts, AreSilentAtTheThresholdsThemselves) {
  EXPECT_THAT(messages({}, {.peak_mb = 1024,
                            .channels = 10'240,
                            .cleanup_failures = 4,
                            .plugins = {{.plugin = "tagger", .grown_mb = 50}}}),
              IsEmpty());
}

TEST(Alerts, NameThePeakAboveItsThreshold) {
  const auto alerts = evaluate_alerts({}, {.peak_mb = 1024.5, .channels = 1'000'000});
  ASSERT_EQ(alerts.size(), 1U);
  EXPECT_EQ(alerts[0].kind, AlertKind::kPeakMemory);
  EXPECT_EQ(alerts[0].value, 1024.5);
  EXPECT_EQ(alerts[0].threshold, 1024);
  EXPECT_EQ(alerts[0].message, "peak memory of 1024.5MB is above 1024.0MB");
}

TEST(Alerts, NameAnEfficiencyBelowItsThreshold) {
  EXPECT_THAT(messages({}, {.peak_mb = 100, .channels = 950}),
              ElementsAre("9.5 channels per MB of peak memory are below 10.0"));
}

TEST(Alerts, DoNotJudgeEfficiencyWhereTheProgramItselfIsMostOfThePeak) {
  EXPECT_THAT(messages({}, {.peak_mb = 63.9, .channels = 2}), IsEmpty());
  EXPECT_THAT(messages({}, {.peak_mb = 64, .channels = 2}), ::testing::SizeIs(1));
}

TEST(Alerts, DoNotJudgeEfficiencyByWhatWasThereBefore) {
  EXPECT_THAT(messages({}, {.peak_mb = 300, .began_mb = 237, .channels = 2}), IsEmpty());
  EXPECT_THAT(messages({}, {.peak_mb = 300, .began_mb = 236, .channels = 2}),
              ElementsAre("0.0 channels per MB of peak memory are below 10.0"));
}

TEST(Alerts, NameFailedCleanupsFromTheThresholdOn) {
  EXPECT_THAT(messages({}, {.cleanup_failures = 5}),
              ElementsAre("5 memory cleanups failed, 5 are the threshold"));
}

TEST(Alerts, NameEveryPluginThatGrew) {
  EXPECT_THAT(messages({}, {.plugins = {{.plugin = "tagger", .grown_mb = 50.5},
                                        {.plugin = "small", .grown_mb = 3},
                                        {.plugin = "merger", .grown_mb = 90}}}),
              ElementsAre("plugin 'tagger' grew by 50.5MB without a cleanup, more than 50.0MB: it "
                          "may leak",
                          "plugin 'merger' grew by 90.0MB without a cleanup, more than 50.0MB: it "
                          "may leak"));
}

TEST(Alerts, AreSwitchedOffByAThresholdOfZero) {
  EXPECT_THAT(messages({.peak_memory_alert_mb = 0,
                        .efficiency_alert_threshold = 0,
                        .cleanup_failure_threshold = 0,
                        .plugin_memory_leak_threshold = 0},
                       {.peak_mb = 9999,
                        .channels = 1,
                        .cleanup_failures = 99,
                        .plugins = {{.plugin = "tagger", .grown_mb = 999}}}),
              IsEmpty());
}

TEST(Alerts, AreLoggedAsWarningsAndHandedToTheListener) {
  class Listener final : public AlertListener {
   public:
    void on_alert(const std::string& proxy, const MemoryAlert& alert) override {
      heard.push_back(proxy + ": " + std::string(to_string(alert.kind)));
    }
    std::vector<std::string> heard;
  };
  const CapturedLog log;
  Listener listener;
  const GenerationMemory memory{
      .proxy = "home", .peak_mb = 2000, .channels = 100'000, .cleanup_failures = 6};
  EXPECT_EQ(raise_alerts({}, memory, &listener).size(), 2U);
  EXPECT_THAT(listener.heard, ElementsAre("home: peak_memory", "home: cleanup_failures"));
  EXPECT_THAT(log.lines,
              ElementsAre("WARN Memory alert for 'home': peak memory of 2000.0MB is above 1024.0MB",
                          "WARN Memory alert for 'home': 6 memory cleanups failed, 5 are the "
                          "threshold"));
  EXPECT_EQ(raise_alerts({}, memory, nullptr).size(), 2U);
}

}  // namespace
}  // namespace m3u_proxy::memory
