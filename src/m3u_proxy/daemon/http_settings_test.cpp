#include <gtest/gtest.h>

#include <m3u_proxy/daemon/http_settings.hpp>

namespace m3u_proxy::daemon {
namespace {

bool is_open(std::string_view listen, const config::HttpConfig& config = {}) {
  return is_open_to_listeners(config, endpoint_of(listen).value());
}

TEST(HttpSettings, OthersCanListenInWhereNothingEncrypts) {
  EXPECT_TRUE(is_open("0.0.0.0:8080"));
  EXPECT_TRUE(is_open("[::]:8080"));
  EXPECT_TRUE(is_open("192.0.2.1:8080"));
  EXPECT_FALSE(is_open("127.0.0.1:8080"));
  EXPECT_FALSE(is_open("localhost:8080"));
  EXPECT_FALSE(is_open("8080"));
}

TEST(HttpSettings, TlsAndATrustedProxyEncrypt) {
  config::HttpConfig tls;
  tls.certificate = "cert.pem";
  EXPECT_FALSE(is_open("0.0.0.0:8080", tls));
  config::HttpConfig proxy;
  proxy.trusted_proxies.push_back({.name = "10.0.0.2"});
  EXPECT_FALSE(is_open("0.0.0.0:8080", proxy));
}

}  // namespace
}  // namespace m3u_proxy::daemon
