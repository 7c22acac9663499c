#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/http/server_testing.hpp>
#include <m3u_proxy/web/assets.hpp>
#include <m3u_proxy/web/ui_routes.hpp>
#include <m3u_proxy/web/unpack.hpp>

namespace m3u_proxy::web {
namespace {

using http::testing::RawClient;
using http::testing::Reply;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr Bytes kRoom{std::size_t{16} << 20U};

class UiRoutes : public ::testing::Test {
 protected:
  void SetUp() override { serve(""); }

  void serve(std::string base_path) {
    server_.reset();
    router_ = std::make_unique<http::Router>();
    ASSERT_TRUE(add_ui_routes(*router_, {.budget = budget_}));
    http::ServerOptions options;
    options.listeners.push_back({.endpoint = http::TcpEndpoint{.host = "127.0.0.1", .port = 0},
                                 .router = router_.get(),
                                 .base_path = std::move(base_path)});
    auto server = http::Server::start(std::move(options), budget_);
    ASSERT_TRUE(server) << to_string(server.error());
    server_ = *std::move(server);
  }

  Reply ask(std::string_view path, std::string_view fields = {}) {
    RawClient client(server_->port());
    client.send(fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", path, fields));
    return client.reply();
  }

  /// The name of a file whose name has its hash in it.
  static std::string hashed(std::string_view ending) {
    for (const Asset& asset : assets())
      if (asset.path.starts_with("assets/index-") && asset.path.ends_with(ending))
        return std::string(asset.path);
    return {};
  }

  memory::Budget budget_{kRoom};
  std::unique_ptr<http::Router> router_;
  std::unique_ptr<http::Server> server_;
};

TEST_F(UiRoutes, LeadThereByRelativeAddresses) {
  EXPECT_EQ(ask("/").header("Location"), "ui/");
  EXPECT_EQ(ask("/ui").header("Location"), "ui/");
  serve("/tv");
  EXPECT_EQ(ask("/tv/").header("Location"), "ui/");
  EXPECT_EQ(ask("/tv").header("Location"), "tv/ui/");
  EXPECT_EQ(ask("/tv/ui/").status, 200);
}

TEST_F(UiRoutes, EachPageHasItsOwnNonceInPolicyAndText) {
  std::set<std::string> policies;
  for (int i = 0; i < 2; ++i) {
    const Reply page = ask("/ui/");
    ASSERT_EQ(page.status, 200);
    EXPECT_EQ(page.header("Cache-Control"), "no-cache");
    const std::string policy = page.header("Content-Security-Policy");
    EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
    const std::size_t at = policy.find("'nonce-") + 7;
    const std::string nonce = policy.substr(at, policy.find('\'', at) - at);
    EXPECT_EQ(nonce.size(), 32U);
    EXPECT_THAT(page.body, HasSubstr("nonce=\"" + nonce + "\""));
    EXPECT_THAT(page.body, Not(HasSubstr("%NONCE%")));
    policies.insert(policy);
  }
  EXPECT_EQ(policies.size(), 2U);
}

TEST_F(UiRoutes, AnUnchangedPageIsNotSentAgainAndKeepsItsPolicy) {
  const std::string etag = ask("/ui/").header("ETag");
  const Reply again = ask("/ui/", "If-None-Match: " + etag + "\r\n");
  EXPECT_EQ(again.status, 304);
  EXPECT_THAT(again.header("Content-Security-Policy"), IsEmpty());
}

TEST_F(UiRoutes, HashedFilesAreKeptForEver) {
  const Reply reply = ask("/ui/" + hashed(".js"), "Accept-Encoding: br, gzip\r\n");
  ASSERT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("Content-Encoding"), "gzip");
  EXPECT_EQ(reply.header("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(reply.header("Vary"), "Accept-Encoding");
  EXPECT_THAT(reply.header("Cache-Control"), HasSubstr("immutable"));
  EXPECT_THAT(ask("/ui/icon.svg").header("Cache-Control"), Not(HasSubstr("immutable")));
}

TEST_F(UiRoutes, ClientsWithoutGzipGetTheContentItself) {
  const std::string path = "/ui/" + hashed(".css");
  const Reply packed = ask(path, "Accept-Encoding: gzip\r\n");
  memory::Reservation room;
  const auto content = unpack(packed.body, budget_, room);
  ASSERT_TRUE(content) << to_string(content.error());
  for (const std::string_view fields :
       {"", "Accept-Encoding: identity\r\n", "Accept-Encoding: gzip;q=0, br\r\n",
        "Accept-Encoding: gzip; q=0.000\r\n"}) {
    const Reply plain = ask(path, fields);
    EXPECT_EQ(plain.header("Content-Encoding"), "") << fields;
    EXPECT_EQ(plain.body, *content) << fields;
    EXPECT_NE(plain.header("ETag"), packed.header("ETag"));
  }
  EXPECT_EQ(ask(path, "Accept-Encoding: gzip;q=0.5\r\n").header("Content-Encoding"), "gzip");
  EXPECT_EQ(ask(path, "Accept-Encoding: *\r\n").header("Content-Encoding"), "gzip");
}

TEST_F(UiRoutes, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(ask("/ui/assets/index-old.js").status, 404);
  EXPECT_EQ(ask("/ui/index.html").status, 404);
  EXPECT_EQ(ask("/ui/../ui/%2e%2e/x").status / 100, 4);
}

TEST_F(UiRoutes, NoRoomMeansTryAgain) {
  // What the inflating takes; the connection has its room.
  budget_.refuse_when([](memory::Tag tag, Bytes) { return tag == memory::Tag::kInput; });
  EXPECT_EQ(ask("/ui/").status, 503);
  EXPECT_EQ(ask("/ui/" + hashed(".css")).status, 503);
}

TEST_F(UiRoutes, DamagedBytesAreAnError) {
  std::string bytes(assets().front().packed);
  bytes[bytes.size() / 2] = static_cast<char>(~bytes[bytes.size() / 2]);
  memory::Reservation room;
  EXPECT_FALSE(unpack(bytes, budget_, room));
}

}  // namespace
}  // namespace m3u_proxy::web
