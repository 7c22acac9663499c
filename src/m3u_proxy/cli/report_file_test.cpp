#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <m3u_proxy/cli/report_file.hpp>

namespace m3u_proxy::cli {
namespace {

using Json = nlohmann::json;

ProxyOutcome done(std::string name, std::uint64_t channels) {
  generation::GenerationStats stats;
  stats.proxy = name;
  stats.channels = channels;
  return {.proxy = std::move(name), .result = std::move(stats)};
}

ProxyOutcome failed(std::string name) {
  return {.proxy = std::move(name),
          .result = fail(Error{.code = ErrorCode::kNotFound,
                               .message = "no such \"file\"",
                               .where = {.source = "tv", .line = 3},
                               .hint = "look again"})};
}

std::vector<ProxyOutcome> list(ProxyOutcome first) {
  std::vector<ProxyOutcome> out;
  out.push_back(std::move(first));
  return out;
}

TEST(ReportFile, IsTheReportOfTheOneProxy) {
  EXPECT_EQ(Json::parse(report_text(list(done("home", 7))))["channels"], 7);
}

TEST(ReportFile, ListsSeveralProxies) {
  auto outcomes = list(done("a", 1));
  outcomes.push_back(failed("b"));
  const Json json = Json::parse(report_text(outcomes));
  ASSERT_EQ(json["proxies"].size(), 2U);
  EXPECT_EQ(json["proxies"][0]["proxy"], "a");
  EXPECT_EQ(json["proxies"][1]["proxy"], "b");
}

TEST(ReportFile, HasTheErrorOfARunThatFailed) {
  const Json error = Json::parse(report_text(list(failed("home"))))["error"];
  EXPECT_EQ(error["code"], "not_found");
  EXPECT_EQ(error["message"], "no such \"file\"");
  EXPECT_EQ(error["source"], "tv");
  EXPECT_EQ(error["line"], 3);
  EXPECT_EQ(error["hint"], "look again");
}

}  // namespace
}  // namespace m3u_proxy::cli
