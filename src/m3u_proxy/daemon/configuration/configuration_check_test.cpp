#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/daemon/configuration/configuration_check.hpp>

namespace m3u_proxy::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> problems_of(const config::Configuration& configuration) {
  std::vector<std::string> texts;
  for (const config::ConfigProblem& problem : service_problems(configuration)) {
    EXPECT_EQ(problem.error.code, ErrorCode::kConfig);
    texts.push_back(config::to_string(problem));
  }
  return texts;
}

TEST(ConfigurationCheck, DefaultsAreRight) { EXPECT_THAT(problems_of({}), IsEmpty()); }

TEST(ConfigurationCheck, AllMistakesAreNamedAtOnce) {
  config::Configuration configuration;
  configuration.service.refresh = "6 hours";
  configuration.service.time_zone = "Europe/Atlantis";
  configuration.http.listen = "127.0.0.1:http";
  configuration.http.public_url = "https://tv.example.org/?a";
  EXPECT_THAT(problems_of(configuration),
              ElementsAre(HasSubstr("refresh = \"6 hours\""), HasSubstr("Europe/Atlantis"),
                          HasSubstr("[http]: listen: \"127.0.0.1:http\" is no address"),
                          HasSubstr("[http]: public_url: 'https://tv.example.org/?a' is no")));
}

TEST(ConfigurationCheck, APublicUrlIsMoreThanItsBeginning) {
  config::Configuration configuration;
  for (const char* right : {"", "https://tv.example.org", "http://192.0.2.1:8080/tv"}) {
    configuration.http.public_url = right;
    EXPECT_THAT(problems_of(configuration), IsEmpty()) << right;
  }
  for (const char* wrong : {"https://", "http://a b", "http://me:secret@host", "http://h:99999"}) {
    configuration.http.public_url = wrong;
    EXPECT_THAT(problems_of(configuration), ElementsAre(HasSubstr("[http]: public_url: ")))
        << wrong;
  }
}

}  // namespace
}  // namespace m3u_proxy::daemon
