#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/http/head_scanner.hpp>
#include <m3u_proxy/http/request_parser.hpp>

namespace m3u_proxy::http {
namespace {

using ::testing::ElementsAre;

class Text final : public BodyReceiver {
 public:
  std::optional<Refusal> receive(std::string_view bytes) override {
    text += bytes;
    return std::nullopt;
  }
  std::string text;
};

/// The status with which a request is refused; 0: none. Its bytes come `piece` at a time.
int refused(std::string_view bytes, std::size_t piece = 1'000'000) {
  HeadScanner scanner;
  std::size_t come = 0;
  HeadScanner::State state = HeadScanner::State::kMore;
  while (state == HeadScanner::State::kMore && come < bytes.size()) {
    come = std::min(come + piece, bytes.size());
    state = scanner.scan(bytes.substr(0, come));
  }
  if (state == HeadScanner::State::kBad) return 400;
  if (state == HeadScanner::State::kMore) return -1;
  RequestParser parser;
  Request request;
  if (const auto refusal = parser.parse_head(
          bytes.substr(scanner.skipped(), scanner.size() - scanner.skipped()), 10, request))
    return refusal->status;
  if (!parser.has_body()) return 0;
  Text body;
  std::size_t begin = scanner.size();
  for (std::size_t end = std::max(come, begin);; end = std::min(end + piece, bytes.size())) {
    const auto progress = parser.parse_body(bytes.substr(begin, end - begin), body);
    if (progress.refusal) return progress.refusal->status;
    if (progress.complete) return 0;
    begin += progress.consumed;
    if (end == bytes.size()) return -1;
  }
}

TEST(RequestParser, GivesThePartsOfAHead) {
  RequestParser parser;
  Request request;
  const std::string head =
      "POST /a%20b?c=d HTTP/1.1\r\nHost: tv:80\r\nX-One:  two words \t\r\nContent-Length: "
      "3\r\n\r\n";
  ASSERT_FALSE(parser.parse_head(head, 100, request));
  EXPECT_EQ(request.method, Method::kPost);
  EXPECT_EQ(request.target, "/a%20b?c=d");
  EXPECT_EQ(request.path, "/a%20b");
  EXPECT_EQ(request.query, "c=d");
  EXPECT_EQ(request.header("x-one"), "two words");
  EXPECT_EQ(parser.content_length(), 3U);
  EXPECT_TRUE(parser.has_body());
  EXPECT_TRUE(parser.keep_alive());
}

TEST(RequestParser, AnAbsoluteTargetsHostWins) {
  RequestParser parser;
  Request request;
  ASSERT_FALSE(parser.parse_head("GET http://one/a HTTP/1.1\r\nHost: two\r\n\r\n", 100, request));
  EXPECT_EQ(request.header("Host"), "one");
  EXPECT_EQ(request.path, "/a");
}

// What another reader in front of us might understand differently.
TEST(RequestParser, RefusesWhatCouldSmuggleARequest) {
  const std::string begin = "POST / HTTP/1.1\r\nHost: a\r\n";
  for (const std::string& fields : {
           std::string("Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
           std::string("Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
           std::string("Content-Length: 3, 3\r\n\r\nabc"),
           std::string("Content-Length: 3, 4\r\n\r\nabcd"),
           std::string("Content-Length: +3\r\n\r\nabc"),
           std::string("Content-Length: 0x3\r\n\r\nabc"),
           std::string("Content-Length: 3 4\r\n\r\nabc"),
           std::string("Content-Length:\r\n\r\n"),
           std::string("Content-Length: -1\r\n\r\n"),
           std::string("Content-Length: 99999999999999999999\r\n\r\n"),
           std::string("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
           std::string("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
           std::string("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
           std::string("X-A: b\r\n folded\r\n\r\n"),
           std::string("X-A: b\r\n\tfolded\r\n\r\n"),
           std::string("X-A: b\nX-C: d\r\n\r\n"),
           std::string("X-A: b\r\n\nX-C: d\r\n\r\n"),
           std::string("X-A: b\rX-C: d\r\n\r\n"),
           std::string("X-A : b\r\n\r\n"),
           std::string(" X-A: b\r\n\r\n"),
           std::string("X A: b\r\n\r\n"),
           std::string(": b\r\n\r\n"),
           std::string("X-A\r\n\r\n"),
           std::string("X-A: b\0c\r\n\r\n", 13),
           std::string("Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n"),
           std::string("Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n"),
           std::string("Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n"),
           std::string("Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n"),
           std::string("Transfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n"),
           std::string("Transfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n"),
           std::string("Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"),
           std::string("Transfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n"),
           std::string("Transfer-Encoding: chunked\r\n\r\n11111111111111111\r\nabc\r\n"),
       })
    for (const std::size_t piece : {std::size_t{1}, std::size_t{1'000'000}})
      EXPECT_EQ(refused(begin + fields, piece), 400) << fields << " by " << piece;
  for (const char* coding : {"gzip", "chunked, chunked", "identity", "gzip, chunked", "xchunked"})
    EXPECT_EQ(refused(begin + "Transfer-Encoding: " + coding + "\r\n\r\n0\r\n\r\n"), 501) << coding;
}

TEST(RequestParser, RefusesOtherHeadsThatAreNotInOrder) {
  EXPECT_EQ(refused("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(refused("GET / HTTP/0.9\r\n\r\n"), 505);
  EXPECT_EQ(refused("GET /\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(refused("GET /../a HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(refused("G\xc3\xa4T / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n"), 417);
  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 10; ++i) many += "X: y\r\n";
  EXPECT_EQ(refused(many + "\r\n"), 431);
  EXPECT_EQ(refused("\x16\x03\x01\x02\r\n\r\n"), 400);
}

TEST(RequestParser, TakesWhatIsInOrderInPiecesOfAnySize) {
  for (const std::string_view text :
       {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n"
        "003;a=\"b\"\r\nabc\r\nA\r\n0123456789\r\n0\r\nContent-Type: x\r\n\r\n"})
    for (std::size_t piece = 1; piece <= text.size(); ++piece)
      EXPECT_EQ(refused(text, piece), 0) << text << " by " << piece;
}

TEST(HeadScanner, EmptyLinesBeforeARequestAreBounded) {
  EXPECT_EQ(refused("\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(refused("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
}

TEST(Message, ListsAreTakenApart) {
  const std::vector<Header> headers{{"A", "one, ,two"}, {"B", "no"}, {"a", "\"x,y\" , three"}};
  std::vector<std::string> elements;
  for_each_element(headers, "A", [&](std::string_view text) { elements.emplace_back(text); });
  EXPECT_THAT(elements, ElementsAre("one", "two", "\"x,y\"", "three"));
}

}  // namespace
}  // namespace m3u_proxy::http
