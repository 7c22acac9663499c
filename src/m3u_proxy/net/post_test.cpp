#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/net/post.hpp>

namespace m3u_proxy::net {
namespace {

using ::testing::StartsWith;

/// What becomes of a message to a port of this machine where nobody listens.
Error error_with(std::shared_ptr<const AddressGuard> guard, const std::string& host) {
  const auto sent = post({.url = "http://" + host + ":1/hook",
                          .body = "x",
                          .type = "text/plain",
                          .guard = std::move(guard)},
                         nullptr);
  EXPECT_FALSE(sent);
  return sent ? Error{} : sent.error();
}

TEST(Post, WithoutAGuardAnybodyIsAsked) {
  const Error error = error_with(nullptr, "127.0.0.1");
  EXPECT_EQ(error.code, ErrorCode::kNetwork);
  EXPECT_THAT(error.message, StartsWith("cannot send to 127.0.0.1: "));
}

TEST(Post, GoesOnlyWhereTheGuardLetsIt) {
  const auto nobody = std::make_shared<const AddressGuard>(std::vector<Cidr>());
  for (const std::string host : {"127.0.0.1", "localhost", "2130706433"}) {
    const Error error = error_with(nobody, host);
    EXPECT_EQ(error.code, ErrorCode::kInvalidArgument) << host << error.message;
    EXPECT_TRUE(error.message.ends_with("is on this machine or in a private network"))
        << error.message;
    EXPECT_EQ(error.hint, "who runs the service can allow it: [service] allowed_networks");
  }
}

TEST(Post, WhatIsAllowedIsAsked) {
  const auto home =
      std::make_shared<const AddressGuard>(std::vector<Cidr>{parse_cidr("127.0.0.0/8").value()});
  EXPECT_THAT(error_with(home, "127.0.0.1").message, StartsWith("cannot send to 127.0.0.1: "));
}

}  // namespace
}  // namespace m3u_proxy::net
