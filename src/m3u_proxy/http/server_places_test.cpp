// Who gets in when connections are many: what makes room, whose share is full, what is kept for
// whom.
#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

#include <m3u_proxy/http/live_policy.hpp>
#include <m3u_proxy/http/server_testing.hpp>
#include <m3u_proxy/http/stream.hpp>

namespace m3u_proxy::http {
namespace {

using testing::eventually;
using testing::RawClient;
using testing::Reply;
using testing::TestRouter;
using testing::TestServer;

constexpr std::string_view kHello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kEvents = "GET /events HTTP/1.1\r\nHost: a\r\n\r\n";

/// "/hello" answers at once, "/events" never ends; each is a door.
class TwoDoors : public TestRouter {
 public:
  TwoDoors() {
    get("/hello", [](Request&) { return text_response(200, "hello\n"); }, {.door = "hello"});
    get("/events", [](Request&) { return event_stream_response([](const Stream&) {}); },
        {.door = "events"});
  }
};

ServerOptions limited_to(std::size_t connections) {
  ServerOptions options;
  options.limits.connections = connections;
  return options;
}

/// Connections from one address with a request under way.
std::vector<RawClient> listen_from(TestServer& server, const char* own, int count) {
  std::vector<RawClient> clients;
  for (int i = 0; i < count; ++i) {
    clients.emplace_back(server.port(), 0, own);
    clients.back().send(kEvents);
    EXPECT_EQ(clients.back().reply(true).status, 200) << own << ' ' << i;
  }
  return clients;
}

void expect_refused(RawClient& client) {
  const Reply reply = client.reply();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.header("Retry-After"), "1");
  EXPECT_TRUE(client.ends());
}

TEST(Connections, WhoHasWaitedLongestForARequestMakesRoom) {
  const TwoDoors router;
  TestServer server(router, limited_to(3));
  RawClient first(server.port());
  EXPECT_EQ(first.ask(kHello).status, 200);
  RawClient second(server.port());
  EXPECT_EQ(second.ask(kHello).status, 200);
  RawClient third(server.port());
  EXPECT_EQ(third.ask(kHello).status, 200);
  EXPECT_EQ(first.ask(kHello).status, 200);
  RawClient fourth(server.port());
  EXPECT_EQ(fourth.ask(kHello).status, 200);
  EXPECT_TRUE(second.ends());
  for (RawClient* client : {&first, &third, &fourth}) EXPECT_EQ(client->ask(kHello).status, 200);
  EXPECT_EQ(server->counters().closed_for_room, 1U);
  EXPECT_EQ(server->counters().rejected, 0U);
  EXPECT_EQ(server->counters().open, 3U);
}

TEST(Connections, SilenceAndHalfAHeadMakeRoom) {
  const TwoDoors router;
  TestServer server(router, limited_to(3));
  RawClient silent(server.port());
  RawClient slow(server.port());
  slow.send("GET /hel");
  const auto busy = listen_from(server, "127.0.0.1", 1);
  RawClient newcomer(server.port());
  EXPECT_EQ(newcomer.ask(kHello).status, 200);
  EXPECT_TRUE(silent.ends());
  newcomer.send(kEvents);
  EXPECT_EQ(newcomer.reply(true).status, 200);
  RawClient another(server.port());
  EXPECT_EQ(another.ask(kHello).status, 200);
  EXPECT_TRUE(slow.ends());
  EXPECT_EQ(slow.received(), "");
}

TEST(Connections, ThoseOfOtherThreadsMakeRoomToo) {
  const TwoDoors router;
  ServerOptions options = limited_to(32);
  options.threads = 4;
  TestServer server(router, std::move(options));
  const auto busy = listen_from(server, "127.0.0.1", 26);
  // Six at a time wait for a request: many arrive on a thread of which none does.
  std::vector<RawClient> clients;
  for (int i = 0; i < 40; ++i) {
    clients.emplace_back(server.port(), 0, "127.0.0.2");
    ASSERT_EQ(clients.back().ask(kHello).status, 200) << i;
  }
  EXPECT_EQ(server->counters().rejected, 0U);
  EXPECT_EQ(server->counters().closed_for_room, 34U);
  EXPECT_EQ(server->counters().open, 32U);
}

TEST(Connections, AnAddressHasHalfOfThem) {
  const TwoDoors router;
  TestServer server(router, limited_to(100));
  const auto many = listen_from(server, "127.0.0.1", 50);
  RawClient refused(server.port());
  expect_refused(refused);
  EXPECT_EQ(server->counters().rejected_by_address, 1U);
  RawClient other(server.port(), 0, "127.0.0.2");
  EXPECT_EQ(other.ask(kHello).status, 200);
}

TEST(Connections, AnAddressThatHasItsShareMakesRoomItself) {
  const TwoDoors router;
  TestServer server(router, limited_to(100));
  RawClient other(server.port(), 0, "127.0.0.2");
  EXPECT_EQ(other.ask(kHello).status, 200);
  const auto many = listen_from(server, "127.0.0.1", 49);
  RawClient rests(server.port());
  EXPECT_EQ(rests.ask(kHello).status, 200);
  RawClient newcomer(server.port());
  EXPECT_EQ(newcomer.ask(kHello).status, 200);
  EXPECT_TRUE(rests.ends());
  EXPECT_EQ(other.ask(kHello).status, 200);
}

TEST(Connections, ATrustedProxyMayHaveThemAll) {
  const TwoDoors router;
  LivePolicy addresses;
  AddressPolicy policy;
  policy.trusted_proxies.push_back(*parse_cidr("127.0.0.1"));
  addresses.set(policy);
  ServerOptions options = limited_to(64);
  options.addresses = &addresses;
  TestServer server(router, std::move(options));
  // "hello" has four of its own.
  const auto many = listen_from(server, "127.0.0.1", 60);
  std::vector<RawClient> others;
  for (int i = 0; i < 4; ++i) {
    others.emplace_back(server.port(), 0, "127.0.0.2");
    EXPECT_EQ(others.back().ask(kHello).status, 200);
  }
  RawClient newcomer(server.port());
  EXPECT_EQ(newcomer.ask(kHello).status, 200);
  EXPECT_TRUE(others.front().ends());
  EXPECT_EQ(server->counters().rejected_by_address, 0U);
}

TEST(Connections, TheLocalSocketIsOpenWhenTheNetworkHasTakenAll) {
  const TwoDoors router;
  const auto path = std::filesystem::temp_directory_path() /
                    ("m3u-proxy-places-" + std::to_string(::getpid()) + ".sock");
  ServerOptions options = limited_to(64);
  options.listeners.push_back(
      {.endpoint = TcpEndpoint{.host = "127.0.0.1", .port = 0}, .router = &router});
  options.listeners.push_back({.endpoint = UnixEndpoint{path}, .router = &router});
  TestServer server(router, std::move(options));
  std::vector<std::vector<RawClient>> many;
  for (const char* own : {"127.0.0.1", "127.0.0.2"}) many.push_back(listen_from(server, own, 26));
  // What is left of the 56 for the network sends no request.
  std::vector<RawClient> silent;
  for (int i = 0; i < 4; ++i) silent.emplace_back(server.port(), 0, "127.0.0.3");
  EXPECT_TRUE(eventually([&] { return server->counters().open == 56; }));
  std::vector<RawClient> locals;
  for (int i = 0; i < 8; ++i) {
    locals.emplace_back(path);
    EXPECT_EQ(locals.back().ask(kHello).status, 200);
  }
  EXPECT_EQ(server->counters().open, 64U);
  // They are not closed for one from the network, although they have waited longest.
  for (const RawClient& client : silent) client.send("GET /hel");
  RawClient newcomer(server.port(), 0, "127.0.0.4");
  EXPECT_EQ(newcomer.ask(kHello).status, 200);
  for (RawClient& local : locals) EXPECT_EQ(local.ask(kHello).status, 200);
}

TEST(Doors, OneThatIsFullRefusesRequestsAndTheOthersAnswer) {
  const TwoDoors router;
  TestServer server(router, limited_to(32));
  auto many = listen_from(server, "127.0.0.1", 30);
  RawClient client(server.port(), 0, "127.0.0.2");
  const Reply refused = client.ask(kEvents);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  // The connection goes on, and so does the other door.
  EXPECT_EQ(client.ask(kHello).status, 200);
  const auto counters = server->counters();
  ASSERT_EQ(counters.doors.size(), 3U);
  EXPECT_EQ(counters.doors[1].name, "events");
  EXPECT_EQ(counters.doors[1].under_way, 30U);
  EXPECT_EQ(counters.doors[1].refused, 1U);
  many.pop_back();
  EXPECT_TRUE(eventually([&] { return server->counters().doors[1].under_way == 29; }));
  client.send(kEvents);
  EXPECT_EQ(client.reply(true).status, 200);
  many.clear();
  client.close();
  EXPECT_TRUE(eventually([&] { return server->counters().doors[1].under_way == 0; }));
}

TEST(Doors, HoweverARequestEndsItLeaves) {
  TestRouter router;
  router.post("/echo",
              [](Request& request) { return text_response(200, std::string(request.body)); },
              {.body_limit = 100, .door = "echo"});
  TestServer server(router, limited_to(32));
  const std::string begin = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ";
  RawClient whole(server.port());
  EXPECT_EQ(whole.ask(begin + "1\r\n\r\nx").body, "x");
  RawClient large(server.port());
  EXPECT_EQ(large.ask(begin + "101\r\n\r\n").status, 413);
  RawClient elsewhere(server.port());
  EXPECT_EQ(elsewhere.ask("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n").status, 404);
  RawClient broken(server.port());
  broken.send(begin + "9\r\n\r\nab");
  EXPECT_TRUE(eventually([&] { return server->counters().doors[0].under_way == 1; }));
  broken.abort();
  EXPECT_TRUE(eventually([&] { return server->counters().doors[0].under_way == 0; }));
  EXPECT_EQ(server->counters().doors[1].under_way, 0U);
}

}  // namespace
}  // namespace m3u_proxy::http
