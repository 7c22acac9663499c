// Who gets in when connections are many: what makes room, whose share is full, what is kept for
// whom.
#include <chrono>
#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include <unistd.h>

#include <m3u_proxy/http/live_policy.hpp>
#include <m3u_proxy/http/server_testing.hpp>

namespace m3u_proxy::http {
namespace {

using testing::eventually;
using testing::limited_to;
using testing::listen_from;
using testing::RawClient;
using testing::Reply;
using testing::TestRouter;
using testing::TestServer;
using testing::TwoDoors;

constexpr std::string_view kHello = TwoDoors::kHello;
constexpr std::string_view kEvents = TwoDoors::kEvents;

/// Clients that got an answer and say no more.
std::vector<RawClient> rest_from(TestServer& server, const char* own, int count) {
  std::vector<RawClient> clients;
  for (int i = 0; i < count; ++i) {
    clients.emplace_back(server.port(), 0, own);
    EXPECT_EQ(clients.back().ask(kHello).status, 200) << own << ' ' << i;
  }
  return clients;
}

/// Clients that are let in and say nothing.
std::vector<RawClient> silent_from(TestServer& server, const char* own, std::uint64_t count) {
  const std::uint64_t before = server->counters().open;
  std::vector<RawClient> clients;
  for (std::uint64_t i = 0; i < count; ++i) clients.emplace_back(server.port(), 0, own);
  EXPECT_TRUE(eventually([&] { return server->counters().open == before + count; }));
  return clients;
}

std::filesystem::path socket_path() {
  return std::filesystem::temp_directory_path() /
         ("m3u-proxy-places-" + std::to_string(::getpid()) + ".sock");
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

TEST(Connections, OneWhoseRequestHasComeDoesNotMakeRoom) {
  TwoDoors router;
  std::promise<void> entered;
  std::promise<void> release;
  router.get("/block", [&](Request&) {
    entered.set_value();
    release.get_future().wait();
    return text_response(200, "done\n");
  });
  TestServer server(router, limited_to(3));
  auto rest = rest_from(server, "127.0.0.1", 2);
  RawClient blocks(server.port());
  blocks.send("GET /block HTTP/1.1\r\nHost: a\r\n\r\n");
  entered.get_future().wait();
  // The only thread is held up, so all of this has come when it goes on.
  RawClient newcomer(server.port(), 0, "127.0.0.2");
  newcomer.send(kHello);
  for (const RawClient& client : rest) client.send(kHello);
  release.set_value();
  EXPECT_EQ(blocks.reply().status, 200);
  for (RawClient& client : rest) EXPECT_EQ(client.reply().status, 200);
  EXPECT_EQ(newcomer.reply().status, 200);
  EXPECT_TRUE(blocks.ends());
}

TEST(Connections, ThoseOfOtherThreadsMakeRoomToo) {
  const TwoDoors router;
  ServerOptions options = limited_to(32);
  options.threads = 4;
  TestServer server(router, std::move(options));
  const auto some = listen_from(server, "127.0.0.1", 15);
  const auto others = listen_from(server, "127.0.0.3", 14);
  // Three at a time wait for a request: most arrive on a thread of which none does.
  const auto clients = rest_from(server, "127.0.0.2", 40);
  EXPECT_EQ(server->counters().rejected, 0U);
  EXPECT_EQ(server->counters().closed_for_room, 37U);
  EXPECT_EQ(server->counters().open, 32U);
}

TEST(Connections, WhoHasWaitedLongestOnAnyThreadMakesRoom) {
  const TwoDoors router;
  ServerOptions options = limited_to(32);
  options.threads = 4;
  TestServer server(router, std::move(options));
  auto before = rest_from(server, "127.0.0.2", 10);
  ::poll(nullptr, 0, 50);  // the server's clock goes by a few milliseconds
  const auto busy = listen_from(server, "127.0.0.1", 12);
  auto after = rest_from(server, "127.0.0.2", 10);
  const auto newcomers = rest_from(server, "127.0.0.2", 10);
  for (RawClient& client : before) EXPECT_TRUE(client.ends());
  for (RawClient& client : after) EXPECT_EQ(client.ask(kHello).status, 200);
  EXPECT_EQ(server->counters().closed_for_room, 10U);
}

TEST(Connections, OfThoseThatWaitTheClientWithMostMakesRoom) {
  const TwoDoors router;
  TestServer server(router, limited_to(32));
  auto only = rest_from(server, "127.0.0.2", 1);
  const auto fewer = silent_from(server, "127.0.0.3", 15);
  auto most = silent_from(server, "127.0.0.4", 16);
  RawClient newcomer(server.port(), 0, "127.0.0.5");
  EXPECT_EQ(newcomer.ask(kHello).status, 200);
  EXPECT_TRUE(most.front().ends());
  EXPECT_EQ(only.front().ask(kHello).status, 200);
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

TEST(Connections, AnAddressMakesRoomForItselfOnAnyThread) {
  const TwoDoors router;
  ServerOptions options = limited_to(64);
  options.threads = 4;
  TestServer server(router, std::move(options));
  const auto many = listen_from(server, "127.0.0.1", 31);
  // One at a time waits; most arrive on another thread.
  const auto clients = rest_from(server, "127.0.0.1", 20);
  EXPECT_EQ(server->counters().rejected, 0U);
  EXPECT_EQ(server->counters().closed_for_room, 19U);
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
  TestRouter local_router;
  local_router.get("/hello", [](Request&) { return text_response(200, "hello\n"); },
                   {.door = "control"});
  const auto path = socket_path();
  ServerOptions options = limited_to(64);
  options.listeners.push_back(
      {.endpoint = TcpEndpoint{.host = "127.0.0.1", .port = 0}, .router = &router});
  options.listeners.push_back({.endpoint = UnixEndpoint{path}, .router = &local_router});
  TestServer server(router, std::move(options));
  // Both doors are full, and with them the 56 that the network may have.
  const auto some = listen_from(server, "127.0.0.1", 26);
  const auto others = listen_from(server, "127.0.0.2", 27);
  const auto few = listen_from(server, "127.0.0.3", 3, TwoDoors::kNews);
  RawClient refused(server.port(), 0, "127.0.0.4");
  expect_refused(refused);
  std::vector<RawClient> locals;
  for (int i = 0; i < 8; ++i) {
    locals.emplace_back(path);
    EXPECT_EQ(locals.back().ask(kHello).status, 200);
  }
  EXPECT_EQ(server->counters().open, 64U);
  // They wait, but are not closed for one from the network.
  RawClient another(server.port(), 0, "127.0.0.4");
  expect_refused(another);
  for (RawClient& local : locals) EXPECT_EQ(local.ask(kHello).status, 200);
  EXPECT_EQ(server->counters().closed_for_room, 0U);
}

TEST(Connections, AThreadWithoutListenersIsNotAskedForRoom) {
  const TwoDoors router;
  const auto path = socket_path();
  ServerOptions options = limited_to(2);
  options.threads = 2;  // the local socket is served by the first
  options.listeners.push_back({.endpoint = UnixEndpoint{path}, .router = &router});
  TestServer server(router, std::move(options));
  std::vector<RawClient> busy;
  for (int i = 0; i < 2; ++i) {
    busy.emplace_back(path);
    busy.back().send(kEvents);
    EXPECT_EQ(busy.back().reply(true).status, 200);
  }
  RawClient refused(path);
  expect_refused(refused);
  EXPECT_EQ(server->counters().rejected, 1U);
}

}  // namespace
}  // namespace m3u_proxy::http
