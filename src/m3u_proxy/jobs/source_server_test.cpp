#include <m3u_proxy/jobs/jobs_testing.hpp>
#include <m3u_proxy/jobs/source_server.hpp>

namespace m3u_proxy::jobs::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class SourceServerTest : public JobsTest {
 protected:
  std::string add_source(const std::string& name, const std::string& url,
                         store::EntityKind kind = store::EntityKind::kSource) {
    return to_string(add(kind, name, R"({"url":")" + url + R"("})").id);
  }
  [[nodiscard]] std::vector<std::string> waiting_for(const std::string& target) {
    return waiting_for_servers(*model(), {{.job = {.target = target}, .stage = {}}});
  }
};

TEST_F(SourceServerTest, AllOfOneHostWaitForEachOther) {
  const std::string tv = add_source("tv", "http://one.example/tv.m3u");
  const std::string radio = add_source("radio", "http://ONE.example:80/radio.m3u");
  const std::string account = add_source("account", "xtream://me:secret@one.example?live");
  const std::string guide =
      add_source("guide", "http://one.example/guide.xml", store::EntityKind::kEpgSource);
  add_source("port", "http://one.example:8080/tv.m3u");
  add_source("other", "http://two.example/tv.m3u");
  add(store::EntityKind::kSource, "file", R"({"path":"/tmp/tv.m3u"})");
  EXPECT_THAT(waiting_for(tv), UnorderedElementsAre(tv, radio, account, guide));
  EXPECT_THAT(waiting_for(account), UnorderedElementsAre(tv, radio, account, guide));
}

TEST_F(SourceServerTest, NobodyWaitsForOneThatHasItsReply) {
  const std::string tv = add_source("tv", "http://one.example/tv.m3u");
  const auto waiting_at = [&](std::string stage) {
    return waiting_for_servers(*model(), {{.job = {.target = tv}, .stage = std::move(stage)}});
  };
  EXPECT_THAT(waiting_at("download"), UnorderedElementsAre(tv));
  EXPECT_THAT(waiting_at("episodes"), UnorderedElementsAre(tv));
  EXPECT_THAT(waiting_at("check"), IsEmpty());
}

TEST_F(SourceServerTest, NobodyWaitsForAFileOrForWhatIsGone) {
  add_source("tv", "http://one.example/tv.m3u");
  const auto file = add(store::EntityKind::kSource, "file", R"({"path":"/tmp/tv.m3u"})");
  EXPECT_THAT(waiting_for(to_string(file.id)), IsEmpty());
  EXPECT_THAT(waiting_for("no id"), IsEmpty());
  EXPECT_THAT(waiting_for_servers(*model(), {}), IsEmpty());
}

}  // namespace
}  // namespace m3u_proxy::jobs::testing
