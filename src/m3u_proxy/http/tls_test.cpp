#include <fstream>

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <m3u_proxy/http/server_testing.hpp>

namespace m3u_proxy::http {
namespace {

using ::testing::HasSubstr;
using testing::RawClient;
using testing::TestRouter;
using testing::TestServer;

/// A folder with a certificate of that name that signed itself, and its key.
class Certificate {
 public:
  explicit Certificate(const char* name) {
    char pattern[] = "/tmp/m3u_proxy_tls_XXXXXX";
    folder_ = ::mkdtemp(pattern);
    write(name);
  }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  ~Certificate() { std::filesystem::remove_all(folder_); }

  void write(const char* name) const {
    EVP_PKEY* const pair = EVP_EC_gen("P-256");
    X509* const certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, pair);
    X509_NAME* const subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509_sign(certificate, pair, EVP_sha256());
    FILE* file = std::fopen(this->certificate().c_str(), "we");
    PEM_write_X509(file, certificate);
    static_cast<void>(std::fclose(file));
    file = std::fopen(key().c_str(), "we");
    PEM_write_PrivateKey(file, pair, nullptr, nullptr, 0, nullptr, nullptr);
    static_cast<void>(std::fclose(file));
    X509_free(certificate);
    EVP_PKEY_free(pair);
  }
  [[nodiscard]] std::filesystem::path certificate() const { return folder_ / "cert.pem"; }
  [[nodiscard]] std::filesystem::path key() const { return folder_ / "key.pem"; }
  [[nodiscard]] std::unique_ptr<TlsIdentity> identity() const {
    auto loaded = TlsIdentity::load(certificate(), key());
    EXPECT_TRUE(loaded) << to_string(loaded.error());
    return *std::move(loaded);
  }

 private:
  std::filesystem::path folder_;
};

class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port, int version = TLS1_3_VERSION)
      : context_(SSL_CTX_new(TLS_client_method())), socket_(port) {
    SSL_CTX_set_max_proto_version(context_, version);
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, socket_.fd());
    connected_ = SSL_connect(ssl_) == 1;
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }

  [[nodiscard]] bool connected() const { return connected_; }
  void send(std::string_view request) {
    SSL_write(ssl_, request.data(), static_cast<int>(request.size()));
  }
  /// Sends and reads until the server closes.
  std::string ask(std::string_view request) {
    std::string reply;
    send(request);
    char buffer[16384];
    for (int got = 0; (got = SSL_read(ssl_, buffer, sizeof buffer)) > 0;)
      reply.append(buffer, static_cast<std::size_t>(got));
    return reply;
  }
  std::string subject() {
    X509* const certificate = SSL_get1_peer_certificate(ssl_);
    char name[64] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof name);
    X509_free(certificate);
    return name;
  }

 private:
  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
  RawClient socket_;
  bool connected_ = false;
};

std::string long_text() {
  std::string text(2'000'000, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  return text;
}

ServerOptions options_with(const Router& router, const TlsIdentity& identity) {
  return {.listeners = {
              {.endpoint = TcpEndpoint{.host = "127.0.0.1"}, .router = &router, .tls = &identity}}};
}

constexpr std::string_view kClose = " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

TEST(Tls, AnswersAreTheSame) {
  const Certificate certificate("tv.example.org");
  const auto identity = certificate.identity();
  const std::string text = long_text();
  std::ofstream(certificate.certificate().parent_path() / "file") << text;
  const auto file = std::make_shared<const io::Descriptor>(
      ::open((certificate.certificate().parent_path() / "file").c_str(), O_RDONLY | O_CLOEXEC));
  TestRouter router;
  router.get("/secure", [](Request& request) {
    return text_response(200, request.secure ? "secure" : "plain");
  });
  router.get("/text", [&](Request&) { return text_response(200, text); });
  router.get("/file", [&](Request&) {
    auto body = std::make_unique<PieceList>();
    body->add("<");
    body->add(file, 0, text.size());
    body->add(">");
    Response response;
    response.body = std::move(body);
    return response;
  });
  TestServer server(router, options_with(router, *identity));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EXPECT_THAT(TlsClient(server.port(), version).ask("GET /secure" + std::string(kClose)),
                HasSubstr("\r\n\r\nsecure"));
    EXPECT_TRUE(TlsClient(server.port(), version)
                    .ask("GET /text" + std::string(kClose))
                    .ends_with("\r\n\r\n" + text));
    EXPECT_TRUE(TlsClient(server.port(), version)
                    .ask("GET /file" + std::string(kClose))
                    .ends_with("\r\n\r\n<" + text + ">"));
  }
  EXPECT_TRUE(testing::eventually([&] { return server->counters().open == 0; }));
  EXPECT_EQ(server.budget().used(memory::Tag::kHttp), kConnectionBytes * server->counters().limit);
}

TEST(Tls, OldVersionsAndPlainTextAreRefused) {
  const Certificate certificate("tv.example.org");
  const auto identity = certificate.identity();
  TestRouter router;
  TestServer server(router, options_with(router, *identity));
  EXPECT_FALSE(TlsClient(server.port(), TLS1_1_VERSION).connected());
  RawClient plain(server.port());
  plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(plain.ends());
}

TEST(Tls, ReloadShowsTheNewCertificateAndKeepsTheOldOneOnAnError) {
  const Certificate certificate("old.example.org");
  const auto identity = certificate.identity();
  TestRouter router;
  router.get("/", [](Request&) { return text_response(200, "here"); });
  TestServer server(router, options_with(router, *identity));
  TlsClient before(server.port());
  EXPECT_EQ(before.subject(), "old.example.org");
  certificate.write("new.example.org");
  ASSERT_TRUE(identity->reload());
  EXPECT_EQ(TlsClient(server.port()).subject(), "new.example.org");
  EXPECT_THAT(before.ask("GET /" + std::string(kClose)), HasSubstr("here"));
  std::ofstream(certificate.key()) << "no key";
  const auto broken = identity->reload();
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, ErrorCode::kConfig);
  EXPECT_THAT(broken.error().message, HasSubstr("key.pem"));
  EXPECT_EQ(TlsClient(server.port()).subject(), "new.example.org");
}

TEST(Tls, SilenceBeforeAndAfterTheHandshakeMakesRoom) {
  const Certificate certificate("tv.example.org");
  const auto identity = certificate.identity();
  TestRouter router;
  router.get("/", [](Request&) { return text_response(200, "here"); });
  ServerOptions options = options_with(router, *identity);
  options.limits.connections = 2;
  TestServer server(router, std::move(options));
  RawClient silent(server.port());
  TlsClient rests(server.port());
  ASSERT_TRUE(rests.connected());
  TlsClient first(server.port());
  ASSERT_TRUE(first.connected());
  EXPECT_TRUE(silent.ends());
  TlsClient second(server.port());
  ASSERT_TRUE(second.connected());
  EXPECT_EQ(rests.ask("GET /" + std::string(kClose)), "");
  for (TlsClient* client : {&first, &second})
    EXPECT_THAT(client->ask("GET /" + std::string(kClose)), HasSubstr("here"));
  EXPECT_EQ(server->counters().closed_for_room, 2U);
}

TEST(Tls, WhoWaitsGivesItsMemoryToANewConnection) {
  const Certificate certificate("tv.example.org");
  const auto identity = certificate.identity();
  TestRouter router;
  router.get("/", [](Request&) { return text_response(200, "here"); });
  router.get("/events", [](Request&) { return event_stream_response([](const Stream&) {}); });
  TestServer server(router, options_with(router, *identity));
  // There is room for one connection with TLS and the stream that it opens.
  memory::Budget& budget = server.budget();
  const Bytes stream{Limits().stream_bytes};
  const Bytes taken{budget.limit().count - budget.used(memory::Tag::kHttp).count -
                    kTlsBytes.count * 3 / 2 - stream.count};
  const auto others = budget.reserve(memory::Tag::kBatch, taken);
  ASSERT_TRUE(others);
  // The stream's room is somebody else's for now.
  auto kept = budget.reserve(memory::Tag::kBatch, stream);
  ASSERT_TRUE(kept);
  RawClient waits(server.port());
  EXPECT_TRUE(testing::eventually([&] { return server->counters().open == 1; }));
  TlsClient newcomer(server.port());
  ASSERT_TRUE(newcomer.connected());
  EXPECT_TRUE(waits.ends());
  EXPECT_EQ(server->counters().closed_for_room, 1U);
  EXPECT_EQ(server->counters().rejected, 0U);
  // Nobody waits: there is none to take it from.
  kept->release();
  newcomer.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(testing::eventually([&] { return server->counters().doors[0].under_way == 1; }));
  EXPECT_FALSE(TlsClient(server.port()).connected());
  EXPECT_EQ(server->counters().rejected, 1U);
}

TEST(Tls, AKeyOfAnotherCertificateIsRefused) {
  const Certificate one("one.example.org");
  const Certificate two("two.example.org");
  EXPECT_FALSE(TlsIdentity::load(one.certificate(), two.key()));
  EXPECT_FALSE(TlsIdentity::load("/nowhere/cert.pem", one.key()));
}

}  // namespace
}  // namespace m3u_proxy::http
