// Requests that are under way at a door: how many may be, and that each leaves however it ends.
#include <cerrno>
#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <vector>

#include <m3u_proxy/http/server_testing.hpp>

namespace m3u_proxy::http {
namespace {

using testing::eventually;
using testing::limited_to;
using testing::listen_from;
using testing::RawClient;
using testing::Reply;
using testing::TestServer;
using testing::TwoDoors;

constexpr std::string_view kHello = TwoDoors::kHello;
constexpr std::string_view kEvents = TwoDoors::kEvents;
constexpr std::string_view kWork = "GET /work HTTP/1.1\r\nHost: a\r\n\r\n";

std::uint64_t under_way(TestServer& server, std::string_view name) {
  for (const DoorCounters& door : server->counters().doors)
    if (door.name == name) return door.under_way;
  ADD_FAILURE() << name;
  return 0;
}

/// Nothing is under way at "hello", and one more request is one: it was not left too often either.
void expect_that_all_have_left(TestServer& server) {
  EXPECT_TRUE(eventually([&] { return under_way(server, "hello") == 0; }));
  const auto one = listen_from(server, "127.0.0.9", 1, TwoDoors::kNews);
  EXPECT_EQ(under_way(server, "hello"), 1U);
}

/// Besides, "/work" is answered by whoever gets its Responder; of the door "hello".
class WithWork : public TwoDoors {
 public:
  WithWork() {
    EXPECT_TRUE(add_deferred(Method::kGet, "/work",
                             [this](const std::shared_ptr<Request>&, Responder responder) {
                               given_.set_value(std::move(responder));
                             },
                             {.door = "hello"}));
  }
  /// Of the only request.
  Responder responder() { return given_.get_future().get(); }

 private:
  std::promise<Responder> given_;
};

TEST(ServerDoors, OneThatIsFullRefusesRequestsAndTheOthersAnswer) {
  const TwoDoors router;
  TestServer server(router, limited_to(32));
  auto many = listen_from(server, "127.0.0.1", 16);
  const auto others = listen_from(server, "127.0.0.3", 15);
  RawClient client(server.port(), 0, "127.0.0.2");
  const Reply refused = client.ask(kEvents);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  // The connection goes on, and so does the other door.
  EXPECT_EQ(client.ask(kHello).status, 200);
  const auto counters = server->counters();
  ASSERT_EQ(counters.doors.size(), 3U);
  EXPECT_EQ(counters.doors[1].name, "events");
  EXPECT_EQ(counters.doors[1].under_way, 31U);
  EXPECT_EQ(counters.doors[1].refused, 1U);
  many.pop_back();
  EXPECT_TRUE(eventually([&] { return under_way(server, "events") == 30; }));
  client.send(kEvents);
  EXPECT_EQ(client.reply(true).status, 200);
  many.clear();
  client.close();
  EXPECT_TRUE(eventually([&] { return under_way(server, "events") == 15; }));
}

TEST(ServerDoors, HoweverARequestEndsItLeaves) {
  TwoDoors router;
  router.post("/echo",
              [](Request& request) { return text_response(200, std::string(request.body)); },
              {.body_limit = 100, .door = "hello"});
  router.get("/throws", [](Request&) -> Response { throw std::runtime_error("broken"); },
             {.door = "hello"});
  ServerOptions options;
  options.limits.body_time = std::chrono::seconds(1);
  TestServer server(router, std::move(options));
  const std::string begin = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ";
  RawClient whole(server.port());
  EXPECT_EQ(whole.ask(begin + "1\r\n\r\nx").body, "x");
  expect_that_all_have_left(server);
  RawClient large(server.port());
  EXPECT_EQ(large.ask(begin + "101\r\n\r\n").status, 413);
  expect_that_all_have_left(server);
  RawClient slow(server.port());
  EXPECT_EQ(slow.ask(begin + "9\r\n\r\nab").status, 408);
  expect_that_all_have_left(server);
  RawClient broken(server.port());
  EXPECT_EQ(broken.ask("GET /throws HTTP/1.1\r\nHost: a\r\n\r\n").status, 500);
  expect_that_all_have_left(server);
  RawClient several(server.port());
  several.send(std::string(kHello) + "GET /throws HTTP/1.1\r\nHost: a\r\n\r\n" +
               std::string(kHello));
  for (const int status : {200, 500, 200}) EXPECT_EQ(several.reply().status, status);
  expect_that_all_have_left(server);
  RawClient elsewhere(server.port());
  EXPECT_EQ(elsewhere.ask("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n").status, 404);
  EXPECT_TRUE(eventually([&] { return under_way(server, "none") == 0; }));
}

TEST(ServerDoors, WhoGoesInTheMiddleOfABodyLeaves) {
  TwoDoors router;
  router.post("/echo", [](Request&) { return text_response(200, "all"); },
              {.body_limit = 100, .door = "hello"});
  TestServer server(router);
  RawClient client(server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab");
  EXPECT_TRUE(eventually([&] { return under_way(server, "hello") == 1; }));
  client.abort();
  expect_that_all_have_left(server);
}

TEST(ServerDoors, ADeferredRequestIsUnderWayUntilItsAnswer) {
  WithWork router;
  TestServer server(router);
  RawClient client(server.port());
  client.send(kWork);
  Responder responder = router.responder();
  EXPECT_EQ(under_way(server, "hello"), 1U);
  responder.send(text_response(200, "done"));
  EXPECT_EQ(client.reply().body, "done");
  expect_that_all_have_left(server);
}

TEST(ServerDoors, ADeferredRequestWhoseClientIsGoneLeavesOnce) {
  WithWork router;
  TestServer server(router);
  RawClient client(server.port());
  client.send(kWork);
  Responder responder = router.responder();
  client.abort();
  expect_that_all_have_left(server);
  responder.send(text_response(200, "nobody reads this"));
  expect_that_all_have_left(server);
}

TEST(ServerDoors, WhatIsUnderWayAtTheServersEndLeaves) {
  WithWork router;
  TestServer server(router);
  const auto streams = listen_from(server, "127.0.0.1", 2);
  RawClient client(server.port());
  client.send(kWork);
  const Responder responder = router.responder();
  EXPECT_EQ(under_way(server, "events"), 2U);
  EXPECT_EQ(under_way(server, "hello"), 1U);
  server->stop(std::chrono::milliseconds(0));
  EXPECT_EQ(under_way(server, "events"), 0U);
  EXPECT_EQ(under_way(server, "hello"), 0U);
}

TEST(ServerDoors, RefusalsThatNobodyReadsMakeRoom) {
  const TwoDoors router;
  ServerOptions options = limited_to(4);
  options.limits.write_time = std::chrono::hours(1);  // it is not time that ends it
  TestServer server(router, std::move(options));
  const auto busy = listen_from(server, "127.0.0.1", 3);
  // "events" is full: each of these is refused, until all buffers are full of what nobody reads.
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += kEvents;
  const RawClient flood(server.port(), 4096, "127.0.0.2");
  pollfd writable{.fd = flood.fd(), .events = POLLOUT, .revents = 0};
  for (std::size_t next = 0; ::poll(&writable, 1, 500) > 0;) {
    const ssize_t put = ::send(flood.fd(), requests.data() + next, requests.size() - next,
                               MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0 && errno != EAGAIN) break;
    if (put > 0) next = (next + static_cast<std::size_t>(put)) % requests.size();
  }
  EXPECT_TRUE(eventually([&] {
    RawClient newcomer(server.port(), 0, "127.0.0.3");
    return newcomer.ask(kHello).status == 200;
  }));
  EXPECT_EQ(server->counters().closed_for_room, 1U);
}

}  // namespace
}  // namespace m3u_proxy::http
