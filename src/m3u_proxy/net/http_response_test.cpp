#include <gtest/gtest.h>

#include <m3u_proxy/net/http_response.hpp>
#include <m3u_proxy/net/http_status.hpp>

namespace m3u_proxy::net {
namespace {

HttpResponse response(std::initializer_list<std::string_view> lines) {
  HttpResponse result;
  for (const std::string_view line : lines) result.take_header_line(line);
  return result;
}

TEST(HttpResponse, TakesTheFieldsItGoesBy) {
  const HttpResponse r =
      response({"HTTP/1.1 206 Partial Content\r\n", "ETag: \"abc\"\r\n", "last-modified:  Mon\r\n",
                "Content-Length: 12\r\n", "content-RANGE: bytes 100-111/112\r\n",
                "Retry-After: 7\r\n", "Content-Encoding: GZIP\r\n", "no colon\r\n", "\r\n"});
  EXPECT_EQ(r.status, 206);
  EXPECT_EQ(r.etag, "\"abc\"");
  EXPECT_EQ(r.last_modified, "Mon");
  EXPECT_EQ(r.content_length, 12U);
  EXPECT_EQ(r.range_start, 100U);
  EXPECT_EQ(r.retry_after, "7");
  EXPECT_EQ(r.content_encoding, "gzip");
}

TEST(HttpResponse, AStatusLineBeginsAnew) {
  const HttpResponse r = response({"HTTP/1.1 100 Continue", "ETag: \"a\"", "HTTP/2 200"});
  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(r.etag, "");
}

TEST(HttpResponse, DamagedFieldsAreIgnored) {
  const HttpResponse r = response({"HTTP/1.1", "Content-Length: many", "Content-Range: items 1-2",
                                   "ETag: " + std::string(2000, 'x')});
  EXPECT_EQ(r.status, 0);
  EXPECT_FALSE(r.content_length);
  EXPECT_FALSE(r.range_start);
  EXPECT_EQ(r.etag, "");
}

TEST(HttpResponse, OnlyAStrongEtagOrADateValidatesAPart) {
  EXPECT_EQ(response({"ETag: \"a\"", "Last-Modified: Mon"}).validator(), "\"a\"");
  EXPECT_EQ(response({"ETag: W/\"a\"", "Last-Modified: Mon"}).validator(), "Mon");
  EXPECT_EQ(response({"ETag: W/\"a\""}).validator(), "");
}

TEST(RetryAfter, IsSecondsOrADate) {
  using std::chrono::seconds;
  EXPECT_EQ(requested_wait(response({"Retry-After: 7"}), 1000, -1), seconds(7));
  EXPECT_EQ(requested_wait(response({"Retry-After: Mon, 01 Jan"}), 1000, 1030), seconds(30));
  EXPECT_EQ(requested_wait(response({"Retry-After: Mon, 01 Jan"}), 1000, 900), seconds(0));
  EXPECT_EQ(requested_wait(response({"Retry-After: soon"}), 1000, -1), std::nullopt);
  EXPECT_EQ(requested_wait(response({}), 1000, -1), std::nullopt);
  EXPECT_EQ(requested_wait(response({"Retry-After: 99999999999999999999"}), 1000, -1),
            seconds(365 * 24 * 3600));
}

TEST(StatusError, NamesTheRemedy) {
  const auto error = [](std::string_view status) {
    return status_error(response({status}), UserAgent::kUsers);
  };
  EXPECT_EQ(error("HTTP/1.1 403").message, "the server answered 403 Forbidden");
  EXPECT_EQ(error("HTTP/1.1 401").hint,
            "check the user name and the password, and that the subscription has not expired");
  EXPECT_EQ(error("HTTP/1.1 404").code, ErrorCode::kNotFound);
  EXPECT_EQ(error("HTTP/1.1 410").hint, "check the address; the provider may have moved it");
  EXPECT_EQ(error("HTTP/1.1 503").hint,
            "the provider has trouble: try again later; --cache-dir keeps the last good copy for "
            "such times");
  EXPECT_EQ(error("HTTP/1.1 418").message, "the server answered 418");
}

TEST(StatusError, OfARefusalOfOursNamesTheKeyForAnother) {
  for (const char* status : {"HTTP/1.1 401", "HTTP/1.1 403"})
    EXPECT_TRUE(status_error(response({status}), UserAgent::kOurs)
                    .hint.ends_with("user_agent = \"VLC/3.0.20 LibVLC/3.0.20\""));
  EXPECT_EQ(status_error(response({"HTTP/1.1 404"}), UserAgent::kOurs).hint,
            "check the address; the provider may have moved it");
}

TEST(StatusError, ShowsTheProvidersWordsButNoMarkup) {
  HttpResponse r = response({"HTTP/1.1 403"});
  r.excerpt = "Account\nexpired";
  EXPECT_EQ(status_error(r, UserAgent::kUsers).message,
            "the server answered 403 Forbidden: \"Account expired\"");
  r.excerpt = " <html>";
  EXPECT_EQ(status_error(r, UserAgent::kUsers).message, "the server answered 403 Forbidden");
}

TEST(StatusError, SaysHowLongToWait) {
  EXPECT_EQ(
      status_error(response({"HTTP/1.1 429", "Retry-After: 3600"}), UserAgent::kUsers).message,
      "the server answered 429 Too Many Requests, retry after 3600");
}

TEST(TemporaryStatus, IsWhatMayPassSoon) {
  for (const int status : {408, 429, 500, 502, 503, 504, 509, 520, 527})
    EXPECT_TRUE(is_temporary(status)) << status;
  for (const int status : {400, 401, 403, 404, 410, 501, 528})
    EXPECT_FALSE(is_temporary(status)) << status;
}

TEST(HttpResponse, SeveralLinesOfEncodingsAreOneList) {
  EXPECT_EQ(response({"HTTP/1.1 200", "Content-Encoding: GZIP", "Content-Encoding: aws-chunked"})
                .content_encoding,
            "gzip, aws-chunked");
}

}  // namespace
}  // namespace m3u_proxy::net
