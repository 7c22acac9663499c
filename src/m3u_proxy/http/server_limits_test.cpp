// What a server does with clients that are slow, greedy, broken, many, or gone.
#include <fstream>
#include <random>
#include <thread>

#include <dirent.h>

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

Response hello(Request& /*request*/) { return text_response(200, "hello\n"); }
Response echo(Request& request) { return text_response(200, std::string(request.body)); }

std::size_t open_descriptors() {
  std::size_t count = 0;
  DIR* folder = ::opendir("/proc/self/fd");
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

std::size_t resident_kb() {
  std::ifstream statm("/proc/self/statm");
  std::size_t whole = 0;
  std::size_t resident = 0;
  statm >> whole >> resident;
  return resident * 4;
}

Bytes share(TestServer& server) { return kConnectionBytes * server->counters().limit; }

TEST(Limits, ATargetThatIsTooLongIs414AndAHead431) {
  TestRouter router;
  router.get("/hello", hello);
  TestServer server(router);
  RawClient line(server.port());
  EXPECT_EQ(line.ask("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n").status,
            414);
  EXPECT_TRUE(line.ends());
  RawClient endless(server.port());
  EXPECT_EQ(endless.ask("GET /" + std::string(20'000, 'a')).status, 414);
  RawClient head(server.port());
  EXPECT_EQ(head.ask("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20'000, 'a')).status, 431);
  RawClient fields(server.port());
  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 100; ++i) many += "X: y\r\n";
  EXPECT_EQ(fields.ask(many + "\r\n").status, 431);
  RawClient large(server.port());
  EXPECT_EQ(
      large.ask("GET /hello HTTP/1.1\r\nHost: a\r\nX: " + std::string(15'000, 'a') + "\r\n\r\n")
          .status,
      200);
}

TEST(Limits, ABodyThatIsTooLongIs413) {
  TestRouter router;
  router.post("/echo", echo, {.body_limit = 1000});
  router.get("/hello", hello);
  TestServer server(router);
  const std::string begin = "POST /echo HTTP/1.1\r\nHost: a\r\n";
  RawClient length(server.port());
  EXPECT_EQ(length.ask(begin + "Content-Length: 1001\r\n\r\n" + std::string(1001, 'x')).status,
            413);
  EXPECT_TRUE(length.ends());
  RawClient chunks(server.port());
  EXPECT_EQ(chunks
                .ask(begin + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x') +
                     "\r\n0\r\n\r\n")
                .status,
            413);
  RawClient none(server.port());
  EXPECT_EQ(none.ask("GET /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx").status, 413);
  EXPECT_TRUE(
      eventually([&] { return server.budget().used(memory::Tag::kHttp) == share(server); }));
}

TEST(Limits, ASlowHeadIs408AndNoHeadIsClosed) {
  TestRouter router;
  ServerOptions options;
  options.limits.head_time = std::chrono::seconds(1);
  TestServer server(router, std::move(options));
  RawClient slow(server.port());
  RawClient silent(server.port());
  slow.send("GET / HT");
  EXPECT_EQ(slow.reply().status, 408);
  EXPECT_TRUE(slow.ends());
  EXPECT_TRUE(silent.ends());
  EXPECT_EQ(silent.received(), "");
}

TEST(Limits, ASlowBodyIs408) {
  TestRouter router;
  router.post("/echo", echo, {.body_limit = 1000});
  ServerOptions options;
  options.limits.body_time = std::chrono::seconds(1);
  TestServer server(router, std::move(options));
  RawClient slow(server.port());
  EXPECT_EQ(slow.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab").status, 408);
  EXPECT_TRUE(slow.ends());
}

TEST(Limits, ARestingConnectionIsClosed) {
  TestRouter router;
  router.get("/hello", hello);
  ServerOptions options;
  options.limits.idle_time = std::chrono::seconds(1);
  TestServer server(router, std::move(options));
  RawClient client(server.port());
  EXPECT_EQ(client.ask(kHello).status, 200);
  EXPECT_TRUE(client.ends());
  EXPECT_TRUE(eventually([&] { return server->counters().open == 0; }));
}

TEST(Limits, AClientThatDoesNotReadIsCutOff) {
  TestRouter router;
  router.get("/long", [](Request&) { return text_response(200, std::string(20'000'000, 'x')); });
  ServerOptions options;
  options.limits.write_time = std::chrono::seconds(1);
  TestServer server(router, std::move(options));
  const RawClient client(server.port(), 4096);
  client.send("GET /long HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return server->counters().open == 1; }));
  EXPECT_TRUE(eventually([&] { return server->counters().open == 0; }));
  EXPECT_EQ(server->counters().routes[0].by_class[0], 1U);
}

TEST(Limits, MoreConnectionsThanThereIsRoomForGet503) {
  TestRouter router;
  router.get("/hello", hello);
  router.get("/events", [](Request&) { return event_stream_response([](const Stream&) {}); });
  ServerOptions options;
  options.limits.connections = 3;
  TestServer server(router, std::move(options));
  EXPECT_EQ(server.budget().used(memory::Tag::kHttp), kConnectionBytes * 3);
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(server.port());
    clients.back().send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(clients.back().reply(true).status, 200);
  }
  RawClient fourth(server.port());
  const Reply reply = fourth.reply();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.header("Retry-After"), "1");
  EXPECT_TRUE(fourth.ends());
  clients.pop_back();
  EXPECT_TRUE(eventually([&] { return server->counters().open == 2; }));
  RawClient fifth(server.port());
  EXPECT_EQ(fifth.ask(kHello).status, 200);
  EXPECT_EQ(server->counters().rejected, 1U);
}

TEST(Limits, TheNumberOfConnectionsFollowsFromTheBudget) {
  TestRouter router;
  TestServer server(router);
  EXPECT_EQ(server->counters().limit, (64U << 20U) / 8 / (24U << 10U));
  memory::Budget tiny(kib(100));
  const auto refused = Server::start(
      {.listeners = {{.endpoint = TcpEndpoint{.host = "127.0.0.1"}, .router = &router}}}, tiny);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kOverBudget);
}

TEST(Limits, FiveHundredConnectionsRestInLittleMemory) {
  TestRouter router;
  router.get("/hello", hello);
  ServerOptions options;
  options.limits.connections = 600;
  options.threads = 2;
  TestServer server(router, std::move(options));
  std::vector<RawClient> clients;
  clients.reserve(500);
  const std::size_t before = resident_kb();
  for (int i = 0; i < 500; ++i) {
    // One address alone may not have that many.
    clients.emplace_back(server.port(), 0, i % 2 == 0 ? "127.0.0.1" : "127.0.0.2");
    ASSERT_EQ(clients.back().ask(kHello).status, 200);
  }
  EXPECT_EQ(server->counters().open, 500U);
#ifndef M3U_PROXY_SANITIZED
  EXPECT_LT(resident_kb() - before, 5000U);
#else
  static_cast<void>(before);
#endif
}

TEST(Limits, AThousandAbortsLeaveNothingBehind) {
  TestRouter router;
  router.get("/hello", hello);
  router.get("/long", [](Request&) { return text_response(200, std::string(3'000'000, 'x')); });
  router.post("/echo", echo, {.body_limit = 1 << 20});
  router.get("/events", [](Request&) {
    return event_stream_response([](const Stream& stream) { static_cast<void>(stream.send("x")); });
  });
  ServerOptions options;
  options.threads = 2;
  TestServer server(router, std::move(options));
  const std::size_t descriptors = open_descriptors();
  const std::vector<std::string> requests = {
      std::string(kHello),
      "GET /long HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /events HTTP/1.1\r\nHost: a\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n" +
          std::string(200'000, 'x'),
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\nabc",
      std::string(kHello) + std::string(kHello) + "GET /lo",
      "nonsense\r\n\r\n",
  };
  std::mt19937 random(7);
  for (int i = 0; i < 1000; ++i) {
    RawClient client(server.port());
    const std::string& request = requests[random() % requests.size()];
    client.send(request.substr(0, random() % 3 == 0 ? random() % request.size() : request.size()));
    if (random() % 2 == 0) client.receive(static_cast<int>(random() % 3));
    random() % 2 == 0 ? client.abort() : client.close();
  }
  EXPECT_TRUE(eventually([&] { return server->counters().open == 0; }));
  EXPECT_EQ(open_descriptors(), descriptors);
  EXPECT_EQ(server.budget().used(memory::Tag::kHttp), share(server));
  RawClient client(server.port());
  EXPECT_EQ(client.ask(kHello).body, "hello\n");
}

/// The streams that clients opened.
class Streams {
 public:
  StreamStart start() {
    return [this](const Stream& stream) {
      const std::scoped_lock lock(mutex_);
      streams_.push_back(stream);
    };
  }
  /// The one that was opened as the `number`th, from 1; it has to come.
  Stream get(std::size_t number) {
    EXPECT_TRUE(eventually([&] {
      const std::scoped_lock lock(mutex_);
      return streams_.size() >= number;
    }));
    const std::scoped_lock lock(mutex_);
    return streams_.at(number - 1);
  }

 private:
  std::mutex mutex_;
  std::vector<Stream> streams_;
};

TEST(Streams, EventsComeAsTheyAreSentAndEnd) {
  TestRouter router;
  Streams streams;
  router.get("/events", [&](Request&) { return event_stream_response(streams.start()); });
  router.get("/hello", hello);
  TestServer server(router);
  RawClient client(server.port());
  client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  const Reply reply = client.reply(true);
  EXPECT_EQ(reply.header("Content-Type"), "text/event-stream");
  EXPECT_EQ(reply.header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(reply.header("X-Accel-Buffering"), "no");
  const Stream stream = streams.get(1);
  ASSERT_TRUE(stream.send("data: 1\n\n"));
  EXPECT_EQ(client.read_until("\n\n\r\n"), "9\r\ndata: 1\n\n\r\n");
  ASSERT_TRUE(stream.send("data: 2\n\n"));
  EXPECT_EQ(client.read_until("\n\n\r\n"), "9\r\ndata: 2\n\n\r\n");
  stream.close();
  EXPECT_EQ(client.read_until("0\r\n\r\n"), "0\r\n\r\n");
  EXPECT_EQ(client.ask(kHello).body, "hello\n");
  EXPECT_FALSE(stream.send("late"));
}

TEST(Streams, AClientThatLeavesOrDoesNotReadEndsItsStream) {
  TestRouter router;
  Streams streams;
  router.get("/events", [&](Request&) { return event_stream_response(streams.start()); });
  ServerOptions options;
  options.limits.write_time = std::chrono::hours(1);  // it is the queue that ends it
  TestServer server(router, std::move(options));
  RawClient leaves(server.port());
  leaves.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(leaves.reply(true).status, 200);
  leaves.close();
  EXPECT_TRUE(eventually([&] { return streams.get(1).closed(); }));
  RawClient sleeps(server.port(), 4096);
  sleeps.send("GET /events HTTP/1.0\r\n\r\n");
  ASSERT_EQ(sleeps.reply(true).header("Transfer-Encoding"), "");
  const Stream stream = streams.get(2);
  const std::string piece(1000, 'x');
  EXPECT_TRUE(eventually([&] { return !stream.send(piece); }));
  EXPECT_TRUE(eventually([&] { return server->counters().open == 0; }));
  EXPECT_EQ(server.budget().used(memory::Tag::kHttp), share(server));
}

TEST(Streams, AQuietStreamGetsAHeartbeat) {
  TestRouter router;
  router.get("/events", [](Request&) { return event_stream_response([](const Stream&) {}); });
  ServerOptions options;
  options.limits.heartbeat = std::chrono::seconds(1);
  TestServer server(router, std::move(options));
  RawClient client(server.port());
  client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.reply(true).status, 200);
  EXPECT_EQ(client.read_until("\n\n\r\n"), "3\r\n:\n\n\r\n");
}

TEST(Streams, ManyThreadsWriteIntoOneStream) {
  TestRouter router;
  std::vector<std::thread> threads;
  router.get("/events", [&](Request&) {
    return event_stream_response([&](const Stream& stream) {
      for (int i = 0; i < 4; ++i)
        threads.emplace_back([stream] {
          for (int k = 0; k < 100; ++k)
            if (!stream.send("data: x\n\n")) return;
        });
    });
  });
  TestServer server(router);
  RawClient client(server.port());
  client.send("GET /events HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.reply(true).status, 200);
  for (int i = 0; i < 400; ++i) ASSERT_EQ(client.read_until("\n\n"), "data: x\n\n");
  client.close();
  server->stop(std::chrono::seconds(1));
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace m3u_proxy::http
