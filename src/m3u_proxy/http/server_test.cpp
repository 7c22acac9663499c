// What a server does with requests that are in order.
#include <fstream>
#include <future>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include <m3u_proxy/http/server_testing.hpp>
#include <m3u_proxy/http/stream.hpp>

namespace m3u_proxy::http {
namespace {

using testing::eventually;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using testing::RawClient;
using testing::Reply;
using ::testing::StartsWith;
using testing::TestRouter;
using testing::TestServer;

Response hello(Request& /*request*/) { return text_response(200, "hello\n"); }

Response echo(Request& request) { return text_response(200, std::string(request.body)); }

/// An open file without a name that holds `text`.
std::shared_ptr<const io::Descriptor> file_of(std::string_view text) {
  char name[] = "/tmp/m3u_proxy_http_XXXXXX";
  io::Descriptor file(::mkstemp(name));
  ::unlink(name);
  EXPECT_TRUE(io::write_all(file.get(), text, "a test's file"));
  return std::make_shared<const io::Descriptor>(std::move(file));
}

std::string long_text(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i / 7 + i) % 26);
  return text;
}

TEST(Server, AnswersARequestAndKeepsTheConnection) {
  TestRouter router;
  router.get("/hello", hello);
  TestServer server(router);
  RawClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    const Reply reply = client.ask("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "hello\n");
    EXPECT_EQ(reply.header("Content-Type"), "text/plain; charset=utf-8");
    EXPECT_THAT(reply.header("X-Request-Id"), MatchesRegex("[0-9a-f]{16}"));
    EXPECT_THAT(reply.header("Date"), HasSubstr(" GMT"));
    EXPECT_EQ(reply.header("Connection"), "");
  }
}

TEST(Server, EveryAddressIsOneOfIpv4Too) {
  TestRouter router;
  router.get("/hello", hello);
  ServerOptions options;
  options.listeners.push_back({.endpoint = TcpEndpoint{.host = "[::]"}, .router = &router});
  TestServer server(router, std::move(options));
  RawClient client(server.port());
  EXPECT_EQ(client.ask("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").status, 200);
}

TEST(Server, ClosesWhenTheClientWantsThat) {
  TestRouter router;
  router.get("/hello", hello);
  TestServer server(router);
  RawClient client(server.port());
  const Reply reply = client.ask("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(reply.header("Connection"), "close");
  EXPECT_TRUE(client.ends());
}

TEST(Server, Http10ClosesUnlessAskedNotTo) {
  TestRouter router;
  router.get("/hello", hello);
  TestServer server(router);
  RawClient keeps(server.port());
  EXPECT_EQ(keeps.ask("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").header("Connection"),
            "keep-alive");
  EXPECT_EQ(keeps.ask("GET /hello HTTP/1.0\r\n\r\n").header("Connection"), "close");
  EXPECT_TRUE(keeps.ends());
}

TEST(Server, PipelinedRequestsAreAnsweredInOrder) {
  TestRouter router;
  router.get("/{n}", [](Request& request) {
    return text_response(200, std::string(request.parameter("n")));
  });
  TestServer server(router);
  RawClient client(server.port());
  std::string all;
  for (int i = 0; i < 500; ++i) all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  client.send(all);
  for (int i = 0; i < 500; ++i) ASSERT_EQ(client.reply().body, std::to_string(i));
}

TEST(Server, HeadIsGetWithoutTheBody) {
  TestRouter router;
  router.get("/hello", hello);
  TestServer server(router);
  RawClient client(server.port());
  client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  const Reply head = client.reply(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Length"), "6");
  EXPECT_EQ(client.reply().body, "hello\n");
}

TEST(Server, OptionsAndWrongMethodsSayWhatIsAllowed) {
  TestRouter router;
  router.get("/hello", hello);
  router.post("/hello", echo);
  TestServer server(router);
  RawClient client(server.port());
  const Reply options = client.ask("OPTIONS /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("Allow"), "GET, HEAD, POST, OPTIONS");
  const Reply wrong = client.ask("DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("Allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(client.ask("BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n").status, 405);
  EXPECT_EQ(client.ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").status, 204);
  EXPECT_EQ(client.ask("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n").status, 404);
}

TEST(Server, ReadsABodyByLengthAndByChunks) {
  TestRouter router;
  router.post("/echo", echo, {.body_limit = 1 << 20});
  TestServer server(router);
  RawClient client(server.port());
  EXPECT_EQ(client.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345").body,
            "12345");
  EXPECT_EQ(client
                .ask("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "3\r\nabc\r\n2;note=x\r\nde\r\n0\r\nTrailer: t\r\n\r\n")
                .body,
            "abcde");
  const std::string text = long_text(700'000);
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("aae60\r\n" + text + "\r\n0\r\n\r\n");
  EXPECT_EQ(client.reply().body, text);
  EXPECT_EQ(client.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").body, "");
  EXPECT_TRUE(eventually([&] {
    return server.budget().used(memory::Tag::kHttp) == kConnectionBytes * server->counters().limit;
  }));
}

TEST(Server, ABodyAndTheNextRequestMayComeTogether) {
  TestRouter router;
  router.post("/echo", echo, {.body_limit = 100});
  TestServer server(router);
  RawClient client(server.port());
  const std::string one = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  client.send(one + one + one);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.reply().body, "abc");
}

TEST(Server, ContinuesOnlyForABodyThatIsWanted) {
  TestRouter router;
  router.post("/echo", echo, {.body_limit = 10});
  TestServer server(router);
  RawClient client(server.port());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.reply(true).status, 100);
  EXPECT_EQ(client.ask("abc").body, "abc");
  EXPECT_EQ(client
                .ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n"
                     "Expect: 100-continue\r\n\r\n")
                .status,
            413);
  RawClient other(server.port());
  EXPECT_EQ(other.ask("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n").status, 417);
}

class CountingSink final : public io::ByteSink {
 public:
  Result<> write(std::string_view bytes) override {
    count += bytes.size();
    return {};
  }
  std::size_t count = 0;
};

TEST(Server, ASinkTakesABodyThatIsLargerThanAnyMemory) {
  TestRouter router;
  RouteOptions options{.body_limit = 1 << 30};
  options.open_sink = [](const Request&) { return std::make_unique<CountingSink>(); };
  router.post(
      "/upload",
      [](Request& request) {
        const auto& sink = dynamic_cast<CountingSink&>(*request.sink);
        return text_response(201, std::to_string(sink.count));
      },
      options);
  TestServer server(router);
  RawClient client(server.port());
  client.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
  const std::string piece(1'000'000, 'x');
  for (int i = 0; i < 100; ++i) client.send(piece);
  const Reply reply = client.reply();
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.body, "100000000");
  EXPECT_LT(server.budget().peak(memory::Tag::kHttp), mib(9));
}

TEST(Server, SendsPiecesOfFilesAndMemoryAsOneBody) {
  const std::string text = long_text(3'000'000);
  const auto file = file_of(text);
  TestRouter router;
  router.get("/file", [&](Request&) {
    auto body = std::make_unique<PieceList>();
    body->add("<");
    body->add(file, 0, 1'000'000);
    for (std::uint64_t i = 0; i < 1000; ++i) {
      body->add("[" + std::to_string(i) + "]");
      body->add(file, 1'000'000 + i * 100, 100);
    }
    body->add(long_text(50'000));
    body->add(file, 1'100'000, 1'900'000);
    Response response;
    response.body = std::move(body);
    return response;
  });
  std::string expected = "<" + text.substr(0, 1'000'000);
  for (std::size_t i = 0; i < 1000; ++i)
    expected += "[" + std::to_string(i) + "]" + text.substr(1'000'000 + i * 100, 100);
  expected += long_text(50'000) + text.substr(1'100'000);
  TestServer server(router);
  RawClient client(server.port());
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(client.ask("GET /file HTTP/1.1\r\nHost: a\r\n\r\n").body == expected);
}

TEST(Server, AFileThatIsShorterThanItsRangeCutsTheConnection) {
  const auto file = file_of(long_text(100'000));
  TestRouter router;
  router.get("/file", [&](Request&) {
    auto body = std::make_unique<PieceList>();
    body->add(file, 0, 200'000);
    Response response;
    response.body = std::move(body);
    return response;
  });
  TestServer server(router);
  RawClient client(server.port());
  EXPECT_EQ(client.ask("GET /file HTTP/1.1\r\nHost: a\r\n\r\n").body.size(), 100'000);
  EXPECT_TRUE(client.ends());
}

TEST(Server, AHandlerThatThrowsIs500AndOneWithoutMemory503) {
  TestRouter router;
  router.get("/bug", [](Request&) -> Response { throw std::logic_error("a bug"); });
  const memory::Budget full(mib(1));
  router.get("/full", [&](Request&) -> Response {
    throw memory::OverBudget(full.over_budget(memory::Tag::kHttp, mib(99)));
  });
  TestServer server(router);
  RawClient client(server.port());
  EXPECT_EQ(client.ask("GET /bug HTTP/1.1\r\nHost: a\r\n\r\n").status, 500);
  const Reply reply = client.ask("GET /full HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.header("Retry-After"), "1");
}

TEST(Server, TakesTheBasePathOffThePath) {
  TestRouter router;
  router.get("/", [](Request&) { return text_response(200, "root"); });
  router.get("/hello", hello);
  TestServer server(router, {.listeners = {{.endpoint = TcpEndpoint{.host = "127.0.0.1"},
                                            .router = &router,
                                            .base_path = "/tv"}}});
  RawClient client(server.port());
  EXPECT_EQ(client.ask("GET /tv/hello HTTP/1.1\r\nHost: a\r\n\r\n").body, "hello\n");
  EXPECT_EQ(client.ask("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").body, "hello\n");
  EXPECT_EQ(client.ask("GET /tv HTTP/1.1\r\nHost: a\r\n\r\n").body, "root");
  EXPECT_EQ(client.ask("GET /tvhello HTTP/1.1\r\nHost: a\r\n\r\n").status, 404);
}

TEST(Server, ListensOnAUnixSocketOfItsOwnerOnly) {
  TestRouter router;
  router.get("/peer", [](Request& request) {
    return text_response(200, request.peer ? "network" : "local");
  });
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("m3u_proxy_http_" + std::to_string(::getpid()));
  const ListenerOptions listener{.endpoint = UnixEndpoint{path}, .router = &router};
  memory::Budget budget(mib(64));
  {
    TestServer server(router, {.listeners = {listener}});
    struct stat status{};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    RawClient client(path);
    EXPECT_EQ(client.ask("GET /peer HTTP/1.1\r\nHost: a\r\n\r\n").body, "local");
    const auto second = Server::start({.listeners = {listener}}, budget);
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().hint, HasSubstr("another program uses it"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  std::ofstream(path) << "no socket";
  const auto third = Server::start({.listeners = {listener}}, budget);
  ASSERT_FALSE(third);
  EXPECT_THAT(third.error().message, HasSubstr("is no socket"));
  std::filesystem::remove(path);
}

TEST(Server, APortThatIsServedIsRefused) {
  TestRouter router;
  TestServer server(
      router, {.listeners = {{.endpoint = TcpEndpoint{.host = "127.0.0.1"}, .router = &router}},
               .threads = 2});
  memory::Budget budget(mib(64));
  const auto second = Server::start(
      {.listeners = {{.endpoint = TcpEndpoint{.host = "127.0.0.1", .port = server.port()},
                      .router = &router}}},
      budget);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("cannot listen on 127.0.0.1:"));
  EXPECT_THAT(second.error().hint, HasSubstr("another program uses it"));
  EXPECT_EQ(budget.used(), Bytes{0});
}

TEST(Server, TellsTheHookAndCountsPerRoute) {
  TestRouter router;
  router.get("/hello/{name}", hello);
  std::mutex mutex;
  std::vector<std::string> lines;
  ServerOptions options;
  options.on_access = [&](const AccessRecord& record) {
    const std::scoped_lock lock(mutex);
    lines.push_back(std::string(to_string(record.method)) + " " +
                    (record.route != nullptr ? record.route->pattern : "-") + " " +
                    std::to_string(record.status) + (record.complete ? "" : " cut"));
    EXPECT_GT(record.bytes, 0U);
    EXPECT_EQ(to_string(record.peer.value()), "127.0.0.1");
  };
  TestServer server(router, std::move(options));
  RawClient client(server.port());
  client.ask("GET /hello/a HTTP/1.1\r\nHost: a\r\n\r\n");
  client.ask("GET /hello/b HTTP/1.1\r\nHost: a\r\n\r\n");
  client.ask("GET /other HTTP/1.1\r\nHost: a\r\n\r\n");
  client.ask("nonsense\r\n\r\n");
  server->stop(std::chrono::seconds(5));
  EXPECT_THAT(lines, ::testing::ElementsAre("GET /hello/{name} 200", "GET /hello/{name} 200",
                                            "GET - 404", "OTHER - 400"));
  const ServerCounters counters = server->counters();
  ASSERT_EQ(counters.routes.size(), 2U);
  EXPECT_EQ(counters.routes[0].by_class[2], 2U);
  EXPECT_EQ(counters.routes[1].by_class[4], 2U);
  EXPECT_EQ(counters.connections, 1U);
  EXPECT_EQ(counters.open, 0U);
}

TEST(Server, StopLetsAnAnswerUnderWayEnd) {
  const std::string text = long_text(8'000'000);
  TestRouter router;
  router.get("/long", [&](Request&) { return text_response(200, text); });
  TestServer server(router);
  RawClient client(server.port());
  RawClient resting(server.port());
  client.send("GET /long HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(client.receive());
  std::thread stopping([&] { server->stop(std::chrono::seconds(20)); });
  EXPECT_TRUE(resting.ends());
  EXPECT_TRUE(client.reply().body == text);
  stopping.join();
}

TEST(Server, StopCutsWhatDoesNotEndInTime) {
  TestRouter router;
  router.get("/long", [](Request&) { return text_response(200, long_text(50'000'000)); });
  TestServer server(router);
  RawClient client(server.port());
  client.send("GET /long HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(client.receive());
  server->stop(std::chrono::milliseconds(10));
  EXPECT_TRUE(client.ends());
  EXPECT_LT(client.received().size(), 50'000'000U);
}

}  // namespace
}  // namespace m3u_proxy::http
