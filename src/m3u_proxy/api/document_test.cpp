// The document and the handlers say the same: which operations there are, and who may use them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/api/api.hpp>
#include <m3u_proxy/api/document.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/jobs/jobs_testing.hpp>

namespace m3u_proxy::api {
namespace {

class DocumentTest : public jobs::testing::JobsTest {
 protected:
  void SetUp() override {
    JobsTest::SetUp();
    key_ = jobs::testing::must(store::SecretKey::open(folder_.path()));
    logos_.emplace(*store_, folder_.path());
    workers_ = std::make_unique<jobs::Workers>(*store_, clock(), jobs::Workers::Options{});
    conductor_ = std::make_unique<jobs::Conductor>(*store_, configuration_, *refresher_,
                                                   *generator_, clock(), jobs::Conductor::Options{},
                                                   jobs::Conductor::Listeners{});
    api_ = jobs::testing::must(
        Api::create(router_,
                    {.store = *store_,
                     .key = *key_,
                     .process = *process_,
                     .conductor = *conductor_,
                     .refresher = *refresher_,
                     .generator = *generator_,
                     .workers = *workers_,
                     .alerts = alerts_,
                     .published = published_,
                     .logos = *logos_,
                     .placeholders = nullptr,
                     .addresses = addresses_,
                     .configuration = configuration_,
                     .clock = clock(),
                     .data = folder_.path(),
                     .version = "1",
                     .output_door = [](const jobs::ProxyEntry&) { return std::string(); },
                     .http_counters = [] { return http::ServerCounters(); },
                     .settings = settings_,
                     .check_settings = {},
                     .publish = [] {},
                     .take_settings = {},
                     .restore = {}},
                    std::nullopt));
  }

  config::Configuration configuration_;
  outputs::Published published_;
  http::LivePolicy addresses_;
  monitoring::AlertCenter alerts_{{}, [] { return std::int64_t{0}; }};
  settings::LiveSettings settings_{{}, {}};
  std::optional<logos::LogoLibrary> logos_;
  std::optional<store::SecretKey> key_;
  std::unique_ptr<jobs::Workers> workers_;
  std::unique_ptr<jobs::Conductor> conductor_;
  std::unique_ptr<Api> api_;  // outlives the router, whose handlers work on it
  http::Router router_;
};

TEST_F(DocumentTest, EveryOperationHasAHandlerAndEveryHandlerAnOperation) {
  std::vector<std::string> documented;
  const ConfigNode document = jobs::testing::must(config::parse_json(api::document(), "document"));
  for (const ConfigMember& path : document.find("paths")->value.members)
    for (const ConfigMember& method : path.value.members) {
      const ConfigMember* const id = method.value.find("operationId");
      if (id == nullptr) continue;
      const ConfigMember* const role = method.value.find("x-role");
      documented.push_back(fmt::format("{} {} {} {}", method.name, path.name, id->value.text,
                                       role == nullptr ? "" : role->value.text));
    }
  std::vector<std::string> handled;
  for (const Operations::Known& known : api_->operations().known()) {
    std::string method(http::to_string(known.method));
    for (char& c : method) c = ascii_lower(c);
    handled.push_back(
        fmt::format("{} {} {} {}", method, known.path, known.id, to_string(known.least)));
  }
  EXPECT_THAT(handled, testing::UnorderedElementsAreArray(documented));
}

}  // namespace
}  // namespace m3u_proxy::api
