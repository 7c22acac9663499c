#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <m3u_proxy/http/exchange.hpp>
#include <m3u_proxy/http/route.hpp>

namespace m3u_proxy::http {
namespace {

constexpr std::size_t kPiece = 5000;  // of a body, as it comes

/// One request with a body to an address that takes 1 MiB.
class ExchangeTest : public testing::Test {
 protected:
  ExchangeTest() { route_.options.body_limit = 1U << 20U; }
  [[nodiscard]] std::optional<Refusal> start(const std::string& field) {
    exchange_.route = &route_;
    head_ = fmt::format("POST / HTTP/1.1\r\nHost: a\r\n{}\r\n\r\n", field);
    EXPECT_FALSE(exchange_.parser.parse_head(head_, 100, exchange_.request));
    return exchange_.start_body(budget_);
  }
  [[nodiscard]] std::optional<Refusal> start(std::size_t length) {
    return start(fmt::format("Content-Length: {}", length));
  }
  /// As far as it is taken.
  [[nodiscard]] std::optional<Refusal> receive(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::string_view piece = bytes.substr(0, kPiece);
      if (const auto refusal = exchange_.receive(piece)) return refusal;
      EXPECT_GE(exchange_.body_room.size().count, Exchange::kBodyRoom + exchange_.body.size());
      bytes.remove_prefix(piece.size());
    }
    return std::nullopt;
  }

  memory::Budget budget_{mib(64)};
  Route route_;
  std::string head_;
  Exchange exchange_;
};

TEST_F(ExchangeTest, ABodyOfKnownLengthTakesLittleMoreThanItself) {
  for (const std::size_t length :
       {1U, 15U, 16U, 4096U, 4097U, 65536U, 65537U, 70'000U, 100'000U, 131'073U, 1'000'000U}) {
    const std::string body(length, 'x');
    budget_.reset_peaks();
    ASSERT_FALSE(start(length)) << length;
    ASSERT_FALSE(receive(body)) << length;
    EXPECT_TRUE(exchange_.body == body) << length;
    EXPECT_LE(budget_.peak().count,
              Exchange::kBodyRoom + std::min(length, Exchange::kEarnest) + length);
    exchange_.next();
  }
}

TEST_F(ExchangeTest, MemoryIsTakenWhenABodyComesAndNotWhenItIsAnnounced) {
  constexpr std::size_t kLength = 1'000'000;
  ASSERT_FALSE(start(kLength));
  EXPECT_EQ(budget_.used().count, Exchange::kBodyRoom + Exchange::kFirstBody);
  ASSERT_FALSE(receive(std::string(Exchange::kEarnest, 'x')));
  EXPECT_EQ(budget_.used().count, Exchange::kBodyRoom + Exchange::kEarnest);
  ASSERT_FALSE(receive("x"));
  EXPECT_EQ(budget_.used().count, Exchange::kBodyRoom + kLength);
}

TEST_F(ExchangeTest, ABodyOfUnknownLengthGrowsAsItComes) {
  ASSERT_FALSE(start("Transfer-Encoding: chunked"));
  EXPECT_EQ(budget_.used().count, Exchange::kBodyRoom);
  const std::string body(200'000, 'x');
  ASSERT_FALSE(receive(body));
  EXPECT_TRUE(exchange_.body == body);
  EXPECT_LE(budget_.used().count, Exchange::kBodyRoom + 2 * body.size());
  const auto refusal = receive(std::string(1U << 20U, 'x'));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 413);
}

TEST_F(ExchangeTest, WhatCanNeverFitIsRefusedBeforeItComes) {
  constexpr std::size_t kLength = 1'000'000;
  constexpr std::size_t kMost = Exchange::kBodyRoom + Exchange::kEarnest + kLength;
  budget_.set_limit({kMost - 1});
  const auto refusal = start(kLength);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 503);
  exchange_.next();
  budget_.set_limit({kMost});
  ASSERT_FALSE(start(kLength));
  EXPECT_FALSE(receive(std::string(kLength, 'x')));
}

TEST_F(ExchangeTest, WhatIsForgottenTakesNoMemory) {
  ASSERT_FALSE(start(1'000'000));
  ASSERT_FALSE(receive(std::string(500'000, 'x')));
  exchange_.next();
  EXPECT_EQ(exchange_.body.capacity(), std::string().capacity());
  EXPECT_EQ(exchange_.body_input.capacity, 0U);
  EXPECT_EQ(budget_.used(), Bytes{});
}

}  // namespace
}  // namespace m3u_proxy::http
