#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/daemon/configuration/http_settings.hpp>

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

TEST(HttpSettings, HostsAreTheSameInAnyCase) {
  config::HttpConfig config;
  config.allowed_hosts = {{.name = "TV.Example.org"}, {.name = ".Home"}};
  const http::AddressPolicy policy = address_policy(config, "NAS").value();
  EXPECT_THAT(policy.allowed_hosts, ::testing::ElementsAre("tv.example.org", ".home", "nas"));
  for (const std::string host : {"tv.example.org", "TV.EXAMPLE.ORG", "a.home", "nas", "NAS"}) {
    const http::Header header{.name = "Host", .value = host};
    EXPECT_TRUE(http::base_address({&header, 1}, {.peer = parse_ip("192.0.2.1")}, policy)) << host;
  }
}

TEST(HttpSettings, AMachineWithoutANameHasNone) {
  EXPECT_THAT(address_policy({}, "").value().allowed_hosts, ::testing::IsEmpty());
}

TEST(HttpSettings, TheObjectStoreIsGuardedWhereItsServerIsSaved) {
  config::LoadedConfiguration loaded;
  EXPECT_FALSE(is_object_store_guarded(loaded));
  loaded.said_by["service.s3_region"] = config::SaidBy::kDatabase;
  EXPECT_TRUE(is_object_store_guarded(loaded));
  loaded.configuration.service.s3_endpoint = "http://minio.lan:9000";
  loaded.said_by["service.s3_endpoint"] = config::SaidBy::kFile;
  EXPECT_FALSE(is_object_store_guarded(loaded));
  loaded.said_by["service.s3_endpoint"] = config::SaidBy::kDatabase;
  EXPECT_TRUE(is_object_store_guarded(loaded));
}

}  // namespace
}  // namespace m3u_proxy::daemon
