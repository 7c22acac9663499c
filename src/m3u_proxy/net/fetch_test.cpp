#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/io/inflate.hpp>
#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/net/fetch.hpp>
#include <m3u_proxy/net/provider_testing.hpp>

namespace m3u_proxy::net {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kList =
    "#EXTM3U\n"
    "#EXTINF:-1 tvg-id=\"c1\" group-title=\"News\",Channel 1\nhttp://stream.example/1.ts\n"
    "#EXTINF:-1 tvg-id=\"c2\" group-title=\"News\",Channel 2\nhttp://stream.example/2.ts\n"
    "#EXTINF:-1 tvg-id=\"c3\" group-title=\"News\",Channel 3\nhttp://stream.example/3.ts\n";

class Fetch : public testing::Test {
 protected:
  void SetUp() override {
    if (!provider_.runs()) GTEST_SKIP() << "python3 is not there";
    auto folder = io::TempFolder::create(test_folder_.path());
    ASSERT_TRUE(folder);
    folder_ = std::move(*folder);
    auto file = folder_->create_file();
    ASSERT_TRUE(file);
    file_ = std::move(*file);
    options_.first_wait = std::chrono::milliseconds(1);
    options_.stall_timeout = std::chrono::milliseconds(400);
  }

  Result<FetchResult> get(std::string_view path, FetchRequest request = {}) {
    if (request.url.empty()) request.url = provider_.url(path);
    return fetch(request, options_, *file_, &cancel_);
  }
  std::string stored() { return io::drain(*io::make_temp_file_source(file_)).bytes; }
  std::string inflated() {
    memory::Budget budget;
    const auto source = io::make_inflating_source(io::make_temp_file_source(file_), budget);
    return io::drain(*source).bytes;
  }
  Error error(std::string_view path, FetchRequest request = {}) {
    auto result = get(path, std::move(request));
    EXPECT_FALSE(result) << path;
    return result ? Error{} : std::move(result).error();
  }

  ProviderProcess provider_;
  io::TestFolder test_folder_;
  std::unique_ptr<io::TempFolder> folder_;
  std::shared_ptr<io::TempFile> file_;
  FetchOptions options_;
  CancelToken cancel_;
};

TEST_F(Fetch, StoresTheBody) {
  const auto result = get("/plain/list.m3u");
  ASSERT_TRUE(result);
  EXPECT_EQ(stored(), kList);
  EXPECT_EQ(result->bytes, kList.size());
  EXPECT_FALSE(result->partial);
  EXPECT_FALSE(result->not_modified);
}

TEST_F(Fetch, TellsItsProgress) {
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  options_.on_progress = [&](std::uint64_t d, std::uint64_t t) {
    done = d;
    total = t;
  };
  ASSERT_TRUE(get("/slow/list.m3u"));
  EXPECT_EQ(done, kList.size());
  EXPECT_EQ(total, kList.size());
}

TEST_F(Fetch, GivesTheValidatorsOfTheCopy) {
  EXPECT_EQ(get("/etag/list.m3u")->etag, "\"v1\"");
  EXPECT_EQ(get("/modified/list.m3u")->last_modified, "Mon, 01 Jan 2024 00:00:00 GMT");
}

TEST_F(Fetch, ACopyThatIsStillRightIsNotSentAgain) {
  const auto by_etag = get("", {.url = provider_.url("/etag/list.m3u"), .etag = "\"v1\""});
  ASSERT_TRUE(by_etag);
  EXPECT_TRUE(by_etag->not_modified);
  EXPECT_EQ(by_etag->bytes, 0U);
  const auto by_date = get("", {.url = provider_.url("/modified/list.m3u"),
                                .last_modified = "Mon, 01 Jan 2024 00:00:00 GMT"});
  ASSERT_TRUE(by_date);
  EXPECT_TRUE(by_date->not_modified);
  EXPECT_FALSE(get("", {.url = provider_.url("/etag/list.m3u"), .etag = "\"v0\""})->not_modified);
}

TEST_F(Fetch, CompressedFilesAndCompressedAnswersBothCome) {
  for (const char* path : {"/gzip/a.gz", "/gzipencoded/a", "/gzipdouble/a.gz"}) {
    ASSERT_TRUE(get(path)) << path;
    EXPECT_EQ(inflated(), kList) << path;
  }
}

TEST_F(Fetch, AnEncodingThatNobodyAskedForIsRefused) {
  EXPECT_THAT(error("/brotli/a").message, HasSubstr("the server sent the encoding 'br'"));
}

TEST_F(Fetch, AnEncodingThatIsNoneIsLeftAlone) {
  for (const char* words : {"UTF-8", "none", "binary", "aws-chunked", "identity", "utf-8,none",
                            "br", "gzip", "gzip%2C%20br", "deflate", "%20", "x%2C%2Cy"}) {
    const auto result = get(fmt::format("/coded/{}/plain/list.m3u", words));
    ASSERT_TRUE(result) << words << ": " << result.error().message;
    EXPECT_EQ(stored(), kList) << words;
  }
  for (const char* words : {"gzip%2C%20aws-chunked", "aws-chunked,gzip", "UTF-8", "br"}) {
    ASSERT_TRUE(get(fmt::format("/coded/{}/gzip/list.m3u", words))) << words;
    EXPECT_EQ(inflated(), kList) << words;
  }
}

TEST_F(Fetch, TellsThatTheBodyIsDeflated) {
  EXPECT_TRUE(get("/coded/deflate/zlib/a")->deflated);
  EXPECT_TRUE(get("/coded/aws-chunked%2C%20Deflate/raw/a")->deflated);
  EXPECT_FALSE(get("/coded/gzip/gzip/a")->deflated);
}

TEST_F(Fetch, AnAnswerToStrangersOnlyNamesTheUserAgent) {
  for (const char* path : {"/status/401/a", "/status/403/a"})
    EXPECT_THAT(error(path).hint, HasSubstr("user_agent = ")) << path;
  EXPECT_THAT(error("/status/404/a").hint, Not(HasSubstr("user_agent")));
  const auto with_agent =
      get("", {.url = provider_.url("/status/403/a"), .user_agent = "VLC/3.0.20"});
  ASSERT_FALSE(with_agent);
  EXPECT_THAT(with_agent.error().hint, Not(HasSubstr("user_agent")));
  const auto with_header = get("", {.url = provider_.url("/status/403/a"),
                                    .headers = {{.name = "User-agent", .value = "VLC"}}});
  ASSERT_FALSE(with_header);
  EXPECT_THAT(with_header.error().hint, Not(HasSubstr("user_agent")));
}

TEST_F(Fetch, TriesAgainWhenTheServerIsBusy) {
  ASSERT_TRUE(get("/busy/list.m3u"));
  EXPECT_EQ(stored(), kList);
}

TEST_F(Fetch, GivesUpAfterThreeTries) {
  options_.tries = 2;
  const Error e = error("/busy/list.m3u");
  EXPECT_EQ(e.code, ErrorCode::kNetwork);
  EXPECT_THAT(e.message, HasSubstr("the server answered 503 Service Unavailable: \"busy\""));
}

TEST_F(Fetch, WaitsAsLongAsTheServerAsks) {
  options_.first_wait = std::chrono::hours(1);  // would never end
  ASSERT_TRUE(get("/toomany/list.m3u"));
  EXPECT_EQ(stored(), kList);
}

TEST_F(Fetch, DoesNotWaitForALongTime) {
  const Error e = error("/toomanyforever/list.m3u");
  EXPECT_EQ(e.code, ErrorCode::kNetwork);
  EXPECT_THAT(e.message, HasSubstr("the server answered 429 Too Many Requests, retry after 3600"));
}

TEST_F(Fetch, ResumesWhereItBrokeOff) {
  ASSERT_TRUE(get("/resumable/list.m3u"));
  EXPECT_EQ(stored(), kList);
}

TEST_F(Fetch, BeginsAnewWhereTheServerCannotResume) {
  ASSERT_TRUE(get("/unresumable/list.m3u"));
  EXPECT_EQ(stored(), kList);
}

TEST_F(Fetch, BeginsAnewWhenTheListWasReplaced) {
  const auto result = get("/replaced/list.m3u");
  ASSERT_TRUE(result);
  EXPECT_THAT(stored(), HasSubstr("Other 2"));
  EXPECT_THAT(stored(), Not(HasSubstr("Channel")));
  EXPECT_EQ(result->etag, "\"v2\"");
}

TEST_F(Fetch, BeginsAnewWhenTheServerSendsAnotherPart) {
  ASSERT_TRUE(get("/wrongrange/list.m3u"));
  EXPECT_EQ(stored(), kList);
}

TEST_F(Fetch, WhatAlwaysBreaksOffIsPartial) {
  for (const char* path : {"/truncated/list.m3u", "/cut/list.m3u"}) {
    const auto result = get(path);
    ASSERT_TRUE(result) << path;
    EXPECT_TRUE(result->partial) << path;
    EXPECT_EQ(result->broken.code, ErrorCode::kNetwork) << path;
    EXPECT_THAT(result->broken.message, HasSubstr(path));
    EXPECT_EQ(stored(), kList.substr(0, result->bytes)) << path;
    EXPECT_GT(result->bytes, 0U) << path;
  }
}

TEST_F(Fetch, AStalledServerIsLeft) {
  options_.tries = 1;
  const Error e = error("/silent/list.m3u");
  EXPECT_EQ(e.code, ErrorCode::kNetwork);
  EXPECT_THAT(e.message, HasSubstr("'127.0.0.1' sent nothing for 1 s"));
  const auto half = get("/stall/list.m3u");
  ASSERT_TRUE(half);
  EXPECT_TRUE(half->partial);
}

TEST_F(Fetch, AByteNowAndThenIsAStallToo) {
  options_.tries = 1;
  const auto result = get("/drip/list.m3u");
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->partial);
}

TEST_F(Fetch, AnAnswerMayBeGivenATime) {
  options_.stall_timeout = std::chrono::hours(1);
  options_.longest = std::chrono::milliseconds(300);
  for (const char* const path : {"/silent/list.m3u", "/stall/list.m3u", "/drip/list.m3u"}) {
    const Error e = error(path);
    EXPECT_EQ(e.code, ErrorCode::kNetwork) << path;
    EXPECT_THAT(e.message, HasSubstr("'127.0.0.1' takes longer than 1 s")) << path;
  }
}

TEST_F(Fetch, StatusErrorsAreNotTriedAgain) {
  const Error e = error("/status/404/list.m3u");
  EXPECT_EQ(e.code, ErrorCode::kNotFound);
  EXPECT_EQ(e.message, "cannot download " + provider_.url("/status/404/list.m3u") +
                           ": the server answered 404 Not Found: \"says the provider\"");
  EXPECT_EQ(error("", {.url = provider_.url("/status/403/list.m3u"), .user_agent = "VLC/3.0"}).hint,
            "check the user name and the password, and that the subscription has not expired");
}

TEST_F(Fetch, FollowsFiveRedirectsAndNoMore) {
  ASSERT_TRUE(get("/redirect/5/list.m3u"));
  EXPECT_EQ(stored(), kList);
  EXPECT_THAT(error("/redirect/6/list.m3u").message, HasSubstr("it redirects more than 5 times"));
  EXPECT_THAT(error("/loop/list.m3u").message, HasSubstr("it redirects more than 5 times"));
}

TEST_F(Fetch, RedirectsToNothingButTheWeb) {
  const Error e = error("/ftp/list.m3u");
  EXPECT_EQ(e.code, ErrorCode::kNetwork);
  EXPECT_THAT(e.message, HasSubstr("it redirects to something else"));
}

TEST_F(Fetch, SendsUserAgentHeadersAndLogin) {
  ASSERT_TRUE(get("", {.url = provider_.url("/echo/list.m3u", "me:secret"),
                       .user_agent = "VLC/3.0",
                       .headers = {{"X-Token", "t1"}, {"Accept-Language", "de"}}}));
  EXPECT_THAT(stored(), HasSubstr("user-agent: VLC/3.0"));
  EXPECT_THAT(stored(), HasSubstr("x-token: t1"));
  EXPECT_THAT(stored(), HasSubstr("accept-language: de"));
  EXPECT_THAT(stored(), HasSubstr("authorization: Basic bWU6c2VjcmV0"));
}

TEST_F(Fetch, AnotherHostGetsNoCredentials) {
  ASSERT_TRUE(get("", {.url = provider_.url("/away/list.m3u", "me:secret"),
                       .headers = {{"X-Token", "t1"},
                                   {"Cookie", "session=1"},
                                   {"Authorization", "Bearer x"},
                                   {"Accept-Language", "de"}}}));
  EXPECT_THAT(stored(), HasSubstr("host: localhost:"));
  EXPECT_THAT(stored(), HasSubstr("accept-language: de"));
  EXPECT_THAT(stored(), Not(HasSubstr("authorization")));
  EXPECT_THAT(stored(), Not(HasSubstr("x-token")));
  EXPECT_THAT(stored(), Not(HasSubstr("cookie")));
}

TEST_F(Fetch, TheSameHostKeepsTheLogin) {
  ASSERT_TRUE(get("", {.url = provider_.url("/near/list.m3u", "me:geheim-secret")}));
  EXPECT_EQ(stored(), kList);
}

TEST_F(Fetch, NoMessageHoldsAPassword) {
  const Error e = error(
      "", {.url = provider_.url("/status/500/get.php?username=me&password=secret", "me:secret")});
  EXPECT_THAT(to_string(e), Not(HasSubstr("secret")));
  EXPECT_THAT(e.message, HasSubstr("***@127.0.0.1"));
  EXPECT_THAT(e.message, HasSubstr("password=***"));
}

TEST_F(Fetch, ALoginThatIsRefusedSaysSo) {
  const Error e = error("", {.url = provider_.url("/private/list.m3u", "me:wrong")});
  EXPECT_THAT(e.message, HasSubstr("401 Unauthorized"));
  EXPECT_EQ(e.hint,
            "check the user name and the password, and that the subscription has not expired; many "
            "providers answer only players that they know: give the source a user_agent, such as "
            "user_agent = \"VLC/3.0.20 LibVLC/3.0.20\"");
}

TEST_F(Fetch, AnUnreachableServerIsNamed) {
  const Error e = error("", {.url = "http://127.0.0.1:1/list.m3u"});
  EXPECT_EQ(e.code, ErrorCode::kNetwork);
  EXPECT_EQ(e.message,
            "cannot download http://127.0.0.1:1/list.m3u: cannot connect to '127.0.0.1'");
  EXPECT_EQ(e.hint, "check the address and its port; the provider may be down");
}

TEST_F(Fetch, AServerThatDoesNotSpeakTlsIsNamed) {
  options_.tries = 1;
  std::string url = provider_.url("/plain/list.m3u");
  url.insert(4, "s");
  const Error e = error("", {.url = url});
  EXPECT_EQ(e.code, ErrorCode::kNetwork);
  EXPECT_EQ(e.hint, "check whether the address should begin with http:// instead");
}

/// A port on this machine that takes connections and never says a word.
class SilentPort {
 public:
  SilentPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket_, raw, size), 0);
    EXPECT_EQ(::listen(socket_, 8), 0);
    EXPECT_EQ(::getsockname(socket_, raw, &size), 0);
    number_ = ntohs(address.sin_port);
  }
  ~SilentPort() { ::close(socket_); }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int socket_;
  int number_ = 0;
};

TEST_F(Fetch, AServerThatIsSilentWhenSpokenToInTlsIsNamedToo) {
  options_.tries = 1;
  const SilentPort port;
  const Error e = error("", {.url = fmt::format("https://127.0.0.1:{}/list.m3u", port.number())});
  EXPECT_EQ(e.code, ErrorCode::kNetwork);
  EXPECT_THAT(e.message, HasSubstr("cannot agree on encryption with '127.0.0.1'"));
  EXPECT_EQ(e.hint, "check whether the address should begin with http:// instead");
}

TEST_F(Fetch, ABadAddressIsTheCallersFault) {
  EXPECT_EQ(error("", {.url = "http://"}).code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(error("", {.url = "http://a b:x/"}).code, ErrorCode::kInvalidArgument);
}

TEST_F(Fetch, AHeaderOfSeveralLinesIsRefused) {
  const Error e =
      error("", {.url = provider_.url("/plain/a"), .headers = {{"X-A", "1\r\nX-B: 2"}}});
  EXPECT_EQ(e.code, ErrorCode::kInvalidArgument);
}

TEST_F(Fetch, ABodyBeyondTheBoundIsRefused) {
  options_.max_bytes = 100;
  for (const char* path :
       {"/plain/list.m3u", "/gzipencoded/list.m3u?channels=9999", "/endless/list.m3u"}) {
    const Error e = error(path);
    EXPECT_EQ(e.code, ErrorCode::kIo) << path;
    EXPECT_THAT(e.message, HasSubstr("larger than")) << path;
    EXPECT_THAT(e.hint, HasSubstr("max_download_mb in [proxy_memory]")) << path;
  }
  EXPECT_LE(file_->size(), 100U);
}

TEST_F(Fetch, TheBeginningOfALongerBodyMayBeEnough) {
  options_.max_bytes = 100'000;
  options_.beyond = FetchOptions::Beyond::kCut;
  for (const char* path : {"/endless/list.m3u", "/plain/list.m3u?channels=9999"}) {
    const auto result = get(path);
    ASSERT_TRUE(result) << path;
    EXPECT_EQ(result->bytes, 100'000U) << path;
    EXPECT_TRUE(result->partial) << path;
    EXPECT_THAT(result->broken.message, HasSubstr("larger than")) << path;
    EXPECT_THAT(stored(), StartsWith(std::string(kList.substr(0, 100)))) << path;
  }
}

TEST_F(Fetch, StopsWhenCancelled) {
  cancel_.cancel();
  EXPECT_EQ(error("/silent/list.m3u").code, ErrorCode::kCancelled);
}

TEST_F(Fetch, StopsWhenCancelledInTheMiddle) {
  options_.stall_timeout = std::chrono::hours(1);
  options_.on_progress = [this](std::uint64_t, std::uint64_t) { cancel_.cancel(); };
  EXPECT_EQ(error("/stall/list.m3u").code, ErrorCode::kCancelled);
}

TEST_F(Fetch, AnEmptyBodyIsEmpty) {
  const auto result = get("/empty/list.m3u");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->bytes, 0U);
}

}  // namespace
}  // namespace m3u_proxy::net
