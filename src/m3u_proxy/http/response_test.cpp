#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/http/response.hpp>
#include <m3u_proxy/http/stream.hpp>

namespace m3u_proxy::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string text_of(Body& body) {
  std::string text;
  while (true) {
    const auto piece = body.next();
    if (!piece) return text + "!";
    if (size_of(*piece) == 0) return text;
    if (const auto* part = std::get_if<std::string_view>(&*piece)) {
      text += *part;
    } else {
      const auto range = std::get<FileRange>(*piece);
      text += "<" + std::to_string(range.offset) + "+" + std::to_string(range.length) + ">";
    }
  }
}

std::unique_ptr<Body> three_pieces() {
  auto body = std::make_unique<PieceList>();
  body->add("abc");
  body->add("");
  body->add(std::make_shared<const io::Descriptor>(), 100, 10);
  body->add("defg");
  return body;
}

TEST(Body, AnyPartOfItIsTheSamePieces) {
  EXPECT_EQ(three_pieces()->size(), 17U);
  EXPECT_EQ(text_of(*part_of(three_pieces(), 0, 17)), "abc<100+10>defg");
  EXPECT_EQ(text_of(*part_of(three_pieces(), 1, 1)), "b");
  EXPECT_EQ(text_of(*part_of(three_pieces(), 2, 3)), "c<100+2>");
  EXPECT_EQ(text_of(*part_of(three_pieces(), 3, 10)), "<100+10>");
  EXPECT_EQ(text_of(*part_of(three_pieces(), 5, 10)), "<102+8>de");
  EXPECT_EQ(text_of(*part_of(three_pieces(), 16, 1)), "g");
  EXPECT_EQ(text_of(*part_of(three_pieces(), 10, 20)), "<107+3>defg!");
}

Response answer(Method method, std::vector<Header> headers) {
  Request request;
  request.method = method;
  request.headers = std::move(headers);
  return representation_response(request, {.validators = {.etag = "\"v1\"", .last_modified = 0},
                                           .type = "audio/x-mpegurl",
                                           .fields = "Vary: Host\r\n",
                                           .body = three_pieces()});
}

TEST(Representation, IsAnsweredWholeInPartOrNotAtAll) {
  Response whole = answer(Method::kGet, {});
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.fields,
            "ETag: \"v1\"\r\nLast-Modified: Thu, 01 Jan 1970 00:00:00 GMT\r\nVary: Host\r\n"
            "Content-Type: audio/x-mpegurl\r\nAccept-Ranges: bytes\r\n");
  EXPECT_EQ(text_of(*std::get<std::unique_ptr<Body>>(whole.body)), "abc<100+10>defg");

  Response part = answer(Method::kGet, {{"Range", "bytes=2-4"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_THAT(part.fields, HasSubstr("Content-Range: bytes 2-4/17\r\n"));
  EXPECT_EQ(text_of(*std::get<std::unique_ptr<Body>>(part.body)), "c<100+2>");

  const Response outside = answer(Method::kGet, {{"Range", "bytes=17-"}});
  EXPECT_EQ(outside.status, 416);
  EXPECT_THAT(outside.fields, HasSubstr("Content-Range: bytes */17\r\n"));

  const Response same = answer(Method::kGet, {{"If-None-Match", "\"v1\""}});
  EXPECT_EQ(same.status, 304);
  EXPECT_THAT(same.fields, HasSubstr("ETag: \"v1\"\r\n"));
  EXPECT_THAT(same.fields, HasSubstr("Vary: Host\r\n"));
  EXPECT_THAT(same.fields, Not(HasSubstr("Content-Type")));

  EXPECT_EQ(answer(Method::kGet, {{"If-Match", "\"v0\""}}).status, 412);
  EXPECT_EQ(answer(Method::kHead, {{"Range", "bytes=2-4"}}).status, 200);
}

TEST(Response, AFieldCantEndInTheMiddle) {
  Response response;
  response.add("Location", "/a\r\nSet-Cookie: b\x01");
  EXPECT_EQ(response.fields, "Location: /a  Set-Cookie: b \r\n");
}

TEST(Stream, AnEventHasALineForEachLineOfItsData) {
  std::string out;
  append_event(out, "7", "job", "one\ntwo\r\nthree\r");
  append_event(out, "", "", "");
  EXPECT_EQ(out, "id: 7\nevent: job\ndata: one\ndata: two\ndata: three\ndata: \n\ndata: \n\n");
}

}  // namespace
}  // namespace m3u_proxy::http
