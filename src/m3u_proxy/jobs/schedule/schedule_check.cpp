#include <string>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/jobs/schedule/schedule.hpp>
#include <m3u_proxy/jobs/schedule/schedule_check.hpp>

namespace m3u_proxy::jobs {
namespace {

/// Names the key, and instead of a column of its value the place of the entry.
Error named(Error error, std::string_view owner, std::string_view key, std::string_view value,
            Where where = {}) {
  constexpr std::size_t kShown = 80;
  error.code = ErrorCode::kConfig;
  error.message =
      fmt::format("{}: {} = \"{}\": {}", owner, key, excerpt(value, kShown), error.message);
  error.where = std::move(where);
  return error;
}

void check_sources(const std::vector<config::SourceConfig>& sources, std::string_view what,
                   std::vector<Error>& problems) {
  for (const config::SourceConfig& source : sources)
    if (const auto schedule = Schedule::parse(source.refresh); !schedule)
      problems.push_back(named(schedule.error(), fmt::format("{} \"{}\"", what, source.name.name),
                               "refresh", source.refresh, source.name.where));
}

}  // namespace

std::vector<Error> schedule_problems(const config::Configuration& configuration) {
  std::vector<Error> problems;
  const config::ServiceConfig& service = configuration.service;
  if (const auto schedule = Schedule::parse(service.refresh); !schedule)
    problems.push_back(named(schedule.error(), "[service]", "refresh", service.refresh));
  if (const auto zone = TimeZone::find(service.time_zone); !zone)
    problems.push_back(named(zone.error(), "[service]", "time_zone", service.time_zone));
  check_sources(configuration.sources, "source", problems);
  check_sources(configuration.epg_sources, "EPG source", problems);
  return problems;
}

}  // namespace m3u_proxy::jobs
