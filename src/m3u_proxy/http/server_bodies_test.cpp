// What a server does with bodies where memory is short.
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <m3u_proxy/http/server_testing.hpp>

namespace m3u_proxy::http {
namespace {

using testing::eventually;
using testing::RawClient;
using testing::Reply;
using testing::TestRouter;
using testing::TestServer;

/// Sends the bodies of /echo back.
class EchoRouter : public TestRouter {
 public:
  explicit EchoRouter(std::uint64_t body_limit = 1U << 20U) {
    post("/echo", [](Request& request) { return text_response(200, std::string(request.body)); },
         {.body_limit = body_limit});
  }
};

Bytes share(TestServer& server) { return kConnectionBytes * server->counters().limit; }

TEST(Bodies, ABodyThatMemoryHasNoRoomForIs503) {
  const EchoRouter router(1U << 30U);
  TestServer server(router);
  RawClient client(server.port());
  const Reply reply =
      client.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 500000000\r\n\r\n");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.header("Retry-After"), "1");
}

TEST(Bodies, ABodyThatIsOnlyAnnouncedTakesLittleMemory) {
  constexpr std::string_view kAnnounced =
      "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n";
  constexpr std::size_t kLength = 1'000'000;
  constexpr std::size_t kClients = 5;
  constexpr std::size_t kMost = 24'000;
  const EchoRouter router;
  TestServer server(router);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.port()));
    EXPECT_EQ(clients.back()->ask(kAnnounced).status, 100);
  }
  EXPECT_LT(server.budget().used(memory::Tag::kHttp).count, share(server).count + kClients * kMost);
  const std::string body(kLength, 'x');
  EXPECT_TRUE(clients.front()->ask(body).body == body);
  for (const auto& client : clients) client->close();
  EXPECT_TRUE(
      eventually([&] { return server.budget().used(memory::Tag::kHttp) == share(server); }));
}

/// One client of a server, to which it announces 1,000,000 bytes while memory is short.
class ShortOfMemory : public ::testing::Test {
 protected:
  static constexpr std::size_t kLength = 1'000'000;

  /// Others take what is free now, but for so many bytes.
  [[nodiscard]] memory::Reservation all_but(std::uint64_t left) {
    const std::uint64_t free = server_.budget().limit().count - server_.budget().used().count;
    auto room = server_.budget().reserve(memory::Tag::kStore, {free - left});
    EXPECT_TRUE(room);
    return *std::move(room);
  }
  [[nodiscard]] int announce() {
    return client_
        .ask(fmt::format("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                         "Content-Length: {}\r\n\r\n",
                         kLength))
        .status;
  }
  /// What bodies take of memory.
  [[nodiscard]] std::uint64_t bodies() {
    return server_.budget().used(memory::Tag::kHttp).count - share(server_).count;
  }

  EchoRouter router_;
  TestServer server_{router_};
  RawClient client_{server_.port()};
};

TEST_F(ShortOfMemory, ABodyThatThereIsRoomForComesWhole) {
  const auto others = all_but(1'100'000);
  ASSERT_EQ(announce(), 100);
  const std::string body(kLength, 'x');
  const Reply reply = client_.ask(body);
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.body == body);
  EXPECT_TRUE(eventually([&] { return bodies() == 0; }));
}

TEST_F(ShortOfMemory, ABodyIs503WhenOthersTakeItsRoomMeanwhileAndGivesBackWhatItTook) {
  ASSERT_EQ(announce(), 100);
  client_.send(std::string(10'000, 'x'));
  EXPECT_TRUE(eventually([&] { return bodies() > 20'480; }));
  const auto others = all_but(100'000);
  const Reply reply = client_.ask(std::string(200'000, 'x'));
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.header("Retry-After"), "1");
  client_.close();
  EXPECT_TRUE(eventually([&] { return bodies() == 0; }));
}

TEST_F(ShortOfMemory, AnAnnouncementAsksNobodyForMemory) {
  std::atomic<int> asked = 0;
  const auto others = all_but(200'000);
  const std::size_t reclaimer =
      server_.budget().add_reclaimer(memory::Budget::ReclaimOrder::kCaches, [&](Bytes /*wanted*/) {
        ++asked;
        return Bytes{};
      });
  EXPECT_EQ(announce(), 100);
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(client_.ask(std::string(200'000, 'x')).status, 503);
  EXPECT_EQ(asked, 1);
  server_.budget().remove_reclaimer(reclaimer);
}

}  // namespace
}  // namespace m3u_proxy::http
