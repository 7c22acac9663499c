#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include <m3u_proxy/jobs/clock_changes.hpp>
#include <m3u_proxy/jobs/schedule/cron.hpp>

namespace m3u_proxy::jobs {
namespace {

constexpr std::string_view kNow = "@time:now(";
constexpr std::string_view kEachHour = "@hourly";
constexpr std::string_view kTwiceADay = "0 */12 * * *";
constexpr std::string_view kEachDay = "@daily";
/// A guide that ends sooner shows that it is a day old.
constexpr std::int64_t kFewDays = 2;

bool ask_for_now(const std::vector<config::ExpressionConfig>& expressions,
                 const std::vector<config::Named>& used) {
  return std::ranges::any_of(expressions, [&](const config::ExpressionConfig& one) {
    return one.expression.contains(kNow) &&
           std::ranges::any_of(
               used, [&](const config::Named& name) { return name.name == one.name.name; });
  });
}

}  // namespace

std::optional<store::Time> next_change_by_clock(const Model& model, const ProxyEntry& proxy,
                                                store::Time now) {
  const config::Configuration& configuration = model.configuration;
  const config::ProxyConfig& config = proxy.config;
  const bool has_window =
      config.guide.window && (!config.epg_sources.empty() || config.use_playlist_guides);
  const bool hourly = (has_window && config.guide.days_ahead < kFewDays) ||
                      ask_for_now(configuration.filters, config.filters) ||
                      ask_for_now(configuration.rules, config.rules);
  if (!hourly && !has_window && !config.use_playlist_guides) return std::nullopt;
  const auto zone = TimeZone::find(configuration.service.time_zone);
  const auto cron = Cron::parse(hourly                       ? kEachHour
                                : config.use_playlist_guides ? kTwiceADay
                                                             : kEachDay,
                                zone.value_or(TimeZone()));
  const auto next = cron ? cron->next(store::seconds_of(now)) : std::nullopt;
  if (!next) return std::nullopt;
  return store::Time(std::chrono::seconds(*next));
}

}  // namespace m3u_proxy::jobs
