// Requests that are answered later, from any thread.
#include <future>
#include <thread>

#include <m3u_proxy/http/server_testing.hpp>

namespace m3u_proxy::http {
namespace {

using testing::eventually;
using testing::RawClient;
using testing::Reply;
using testing::TestRouter;
using testing::TestServer;

Response hello(Request& /*request*/) { return text_response(200, "hello\n"); }

TEST(Responder, ADeferredRequestIsAnsweredFromAnotherThread) {
  TestRouter router;
  std::thread other;
  ASSERT_TRUE(router.add_deferred(
      Method::kPost, "/sum/{what}",
      [&](std::shared_ptr<Request> request, Responder responder) {
        other =
            std::thread([request = std::move(request), responder = std::move(responder)]() mutable {
              responder.send(text_response(
                  200, std::string(request->parameter("what")) + "=" + std::string(request->body)));
            });
      },
      {.body_limit = 100}));
  router.get("/hello", hello);
  TestServer server(router);
  RawClient client(server.port());
  client.send(
      "POST /sum/sum HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n42"
      "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.reply().body, "sum=42");
  EXPECT_EQ(client.reply().body, "hello\n");
  server->stop(std::chrono::seconds(5));
  other.join();
}

TEST(Responder, AResponderWithoutAnAnswerMeans500) {
  TestRouter router;
  ASSERT_TRUE(router.add_deferred(Method::kGet, "/work",
                                  [](const std::shared_ptr<Request>&, const Responder&) {}));
  TestServer server(router);
  RawClient client(server.port());
  EXPECT_EQ(client.ask("GET /work HTTP/1.1\r\nHost: a\r\n\r\n").status, 500);
}

TEST(Responder, AResponderLearnsThatItsClientIsGone) {
  TestRouter router;
  std::promise<Responder> given;
  ASSERT_TRUE(router.add_deferred(Method::kGet, "/work",
                                  [&](const std::shared_ptr<Request>&, Responder responder) {
                                    given.set_value(std::move(responder));
                                  }));
  TestServer server(router);
  RawClient client(server.port());
  client.send("GET /work HTTP/1.1\r\nHost: a\r\n\r\n");
  Responder responder = given.get_future().get();
  EXPECT_FALSE(responder.gone());
  client.close();
  EXPECT_TRUE(eventually([&] { return responder.gone(); }));
  responder.send(text_response(200, "nobody reads this"));
}

TEST(Responder, AnAnswerAfterTheServersEndGoesNowhere) {
  TestRouter router;
  std::promise<Responder> given;
  ASSERT_TRUE(router.add_deferred(Method::kGet, "/work",
                                  [&](const std::shared_ptr<Request>&, Responder responder) {
                                    given.set_value(std::move(responder));
                                  }));
  TestServer server(router);
  RawClient client(server.port());
  client.send("GET /work HTTP/1.1\r\nHost: a\r\n\r\n");
  Responder responder = given.get_future().get();
  server->stop(std::chrono::milliseconds(0));
  EXPECT_TRUE(responder.gone());
  responder.send(text_response(200, "nobody reads this"));
  EXPECT_TRUE(client.ends());
}

TEST(Responder, MoreDeferredRequestsThanARouteTakesAre429) {
  TestRouter router;
  std::promise<Responder> given;
  ASSERT_TRUE(router.add_deferred(Method::kGet, "/work",
                                  [&](const std::shared_ptr<Request>&, Responder responder) {
                                    given.set_value(std::move(responder));
                                  },
                                  {.in_flight = 1}));
  TestServer server(router);
  RawClient first(server.port());
  RawClient second(server.port());
  first.send("GET /work HTTP/1.1\r\nHost: a\r\n\r\n");
  Responder responder = given.get_future().get();
  const Reply reply = second.ask("GET /work HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(reply.header("Retry-After"), "1");
  responder.send(text_response(200, "done"));
  EXPECT_EQ(first.reply().body, "done");
}

}  // namespace
}  // namespace m3u_proxy::http
