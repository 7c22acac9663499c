#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/jobs/schedule/schedule_check.hpp>

namespace m3u_proxy::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> problems_of(const config::Configuration& configuration) {
  std::vector<std::string> texts;
  for (const Error& error : schedule_problems(configuration)) {
    EXPECT_EQ(error.code, ErrorCode::kConfig);
    texts.push_back(to_string(error));
  }
  return texts;
}

config::SourceConfig source(const std::string& name, const std::string& refresh) {
  config::SourceConfig source;
  source.name = {.name = name, .where = {.source = "m3u-proxy.toml", .line = 3, .column = 8}};
  source.refresh = refresh;
  return source;
}

TEST(ScheduleCheck, EveryKindOfScheduleIsRight) {
  config::Configuration configuration;
  for (const char* refresh : {"", "6h", "1h30m", "manual", "30 4 * * *", "@daily"})
    configuration.sources.push_back(source("tv", refresh));
  configuration.service.time_zone = "Europe/Berlin";
  EXPECT_THAT(problems_of(configuration), IsEmpty());
}

TEST(ScheduleCheck, EachMistakeIsNamedWithItsPlace) {
  config::Configuration configuration;
  configuration.sources.push_back(source("tv", "6 hours"));
  configuration.epg_sources.push_back(source("guide", "30s"));
  configuration.service.refresh = "often";
  configuration.service.time_zone = "Europe/Atlantis";
  EXPECT_THAT(
      problems_of(configuration),
      ElementsAre(HasSubstr("[service]: refresh = \"often\": "),
                  HasSubstr("[service]: time_zone = \"Europe/Atlantis\": there is no time zone"),
                  HasSubstr("m3u-proxy.toml:3:8: source \"tv\": refresh = \"6 hours\": "),
                  HasSubstr("m3u-proxy.toml:3:8: EPG source \"guide\": refresh = \"30s\": an "
                            "interval is at least one minute")));
}

}  // namespace
}  // namespace m3u_proxy::jobs
