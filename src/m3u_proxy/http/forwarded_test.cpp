#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/http/forwarded.hpp>

namespace m3u_proxy::http {
namespace {

using ::testing::HasSubstr;

const IpAddress kProxy = *parse_ip("10.0.0.2");
const IpAddress kStranger = *parse_ip("203.0.113.9");

AddressPolicy policy_of(std::vector<std::string> hosts = {"tv.example.org", "other.example.org"}) {
  return {.public_url = {},
          .trusted_proxies = {*parse_cidr("10.0.0.0/8")},
          .trust_local = false,
          .allowed_hosts = std::move(hosts),
          .base_path = {}};
}

/// The address as text, or what is wrong.
std::string address(std::vector<Header> headers, const IpAddress& peer,
                    const AddressPolicy& policy = policy_of(), bool secure = false) {
  const auto result =
      base_address(headers, {.peer = peer, .secure = secure, .local_port = 8080}, policy);
  return result ? to_string(*result) : result.error().message;
}

/// One case of the matrix: what a request says, and under which circumstances. Empty: it says
/// nothing.
struct MatrixCase {
  bool secure;
  bool trusted;
  bool has_public;
  std::string_view host;
  std::string_view proto;
  std::string_view forwarded;
  std::string_view port;
  std::string_view prefix;

  [[nodiscard]] std::vector<Header> headers() const {
    std::vector<Header> list{{.name = "Host", .value = host}};
    const auto add = [&](std::string_view name, std::string_view value) {
      if (!value.empty()) list.push_back({.name = name, .value = value});
    };
    add("X-Forwarded-Proto", proto);
    add("x-forwarded-host", forwarded);
    add("X-Forwarded-Port", port);
    add("X-Forwarded-Prefix", prefix);
    return list;
  }

  [[nodiscard]] std::string expected_scheme() const {
    if (trusted && (proto == "https" || proto == "http")) return std::string(proto);
    return secure ? "https" : "http";
  }

  /// The rule, said once more in other words.
  [[nodiscard]] std::string expected() const {
    if (has_public) return "https://pub.lic:444/p";
    const std::string scheme = expected_scheme();
    const std::string_view used = trusted && !forwarded.empty() ? forwarded : host;
    const std::size_t colon = std::min(used.find(':'), used.size());
    std::string_view number = used.substr(std::min(colon + 1, used.size()));
    if (trusted && (port == "443" || port == "9000")) number = port;
    std::string url = scheme + "://" + std::string(used.substr(0, colon));
    if (!number.empty() && number != (scheme == "https" ? "443" : "80"))
      url += ":" + std::string(number);
    if (trusted && prefix == "/iptv/") url += "/iptv";
    if (trusted && prefix == "/a/b") url += "/a/b";
    return url;
  }
};

/// The matrix's case of that number; nullopt: there are no more.
std::optional<MatrixCase> matrix_case(std::size_t number) {
  const auto choose = [&](std::initializer_list<std::string_view> choices) {
    const std::string_view chosen = choices.begin()[number % choices.size()];
    number /= choices.size();
    return chosen;
  };
  const MatrixCase result{
      .secure = choose({"", "yes"}) == "yes",
      .trusted = choose({"", "yes"}) == "yes",
      .has_public = choose({"", "yes"}) == "yes",
      .host = choose({"tv.example.org", "tv.example.org:8080", "192.168.1.5:8080"}),
      .proto = choose({"", "https", "http", "ftp"}),
      .forwarded = choose({"", "other.example.org", "other.example.org:8443"}),
      .port = choose({"", "443", "9000", "0", "x"}),
      .prefix = choose({"", "/iptv/", "/a/b", "no", "/../x", "//evil"})};
  if (number > 0) return std::nullopt;
  return result;
}

TEST(BaseAddress, WholeMatrix) {
  AddressPolicy with_public = policy_of();
  with_public.public_url = *parse_base_address("https://pub.lic:444/p");
  std::size_t cases = 0;
  while (const auto one = matrix_case(cases)) {
    ASSERT_EQ(address(one->headers(), one->trusted ? kProxy : kStranger,
                      one->has_public ? with_public : policy_of(), one->secure),
              one->expected())
        << "case " << cases;
    ++cases;
  }
  EXPECT_EQ(cases, 2U * 2 * 2 * 3 * 4 * 3 * 5 * 6);
}

TEST(BaseAddress, LiteralCases) {
  EXPECT_EQ(address({{"Host", "TV.Example.ORG:8080"}}, kStranger), "http://tv.example.org:8080");
  EXPECT_EQ(address({{"Host", "tv.example.org"}, {"X-Forwarded-Proto", "https"}}, kProxy),
            "https://tv.example.org");
  EXPECT_EQ(address({{"Host", "[2001:db8::5]:8080"}}, kStranger), "http://[2001:db8::5]:8080");
  EXPECT_EQ(address({{"Host", "127.0.0.1:8080"}}, kStranger), "http://127.0.0.1:8080");
  EXPECT_EQ(address({{"Host", "localhost"}}, kStranger), "http://localhost");
  EXPECT_EQ(address({}, kStranger), "http://localhost:8080");
}

TEST(BaseAddress, TheForwardedFieldCountsWhereThereIsNoOther) {
  const Header forwarded{"Forwarded", "for=1.2.3.4;proto=https;host=\"other.example.org:8443\""};
  EXPECT_EQ(address({{"Host", "tv.example.org"}, forwarded}, kProxy),
            "https://other.example.org:8443");
  EXPECT_EQ(address({{"Host", "tv.example.org"}, forwarded}, kStranger), "http://tv.example.org");
  EXPECT_EQ(address({{"Host", "tv.example.org"}, forwarded, {"X-Forwarded-Proto", "http"}}, kProxy),
            "http://tv.example.org");
}

TEST(BaseAddress, InListsTheOutermostTrustedProxyCounts) {
  // The client invented "ftp" and "evil"; 10.0.0.1 and 10.0.0.2 are ours.
  const std::vector<Header> headers{{"Host", "tv.example.org"},
                                    {"X-Forwarded-For", "6.6.6.6, 203.0.113.9, 10.0.0.1"},
                                    {"X-Forwarded-Proto", "ftp, https, http"},
                                    {"X-Forwarded-Host", "evil, other.example.org, 10.0.0.2"}};
  EXPECT_EQ(address(headers, kProxy), "https://other.example.org");
  EXPECT_EQ(to_string(*client_address(headers, {.peer = kProxy}, policy_of())), "203.0.113.9");
}

TEST(BaseAddress, HostsThatAreNotAllowedOrNoneAreRefused) {
  EXPECT_THAT(address({{"Host", "evil.example"}}, kStranger), HasSubstr("does not answer"));
  EXPECT_THAT(address({{"Host", "tv.example.org"}, {"X-Forwarded-Host", "evil.example"}}, kProxy),
              HasSubstr("does not answer"));
  for (const char* host : {"a b", "a/b", "a@b", "a:b", "a:99999", "[::1", "::g", "a\"b", "a:0"})
    EXPECT_THAT(address({{"Host", host}}, kStranger, policy_of({"*"})), HasSubstr("is no host"))
        << host;
}

TEST(BaseAddress, AnIpAddressIsAlwaysAllowed) {
  const AddressPolicy no_names = policy_of({});
  for (const std::string host : {"192.168.1.5:8080", "203.0.113.7", "[2001:db8::9]:8080"})
    EXPECT_EQ(address({{"Host", host}}, kStranger, no_names), "http://" + host);
  // Nothing that only looks like one: browsers would ask a name server for it.
  for (const char* host : {"1.2.3.4.evil.example", "1.2.3", "1.2.3.256", "1.2.3.4."})
    EXPECT_THAT(address({{"Host", host}}, kStranger, no_names), HasSubstr("does not answer"))
        << host;
}

TEST(BaseAddress, AllowedHostsMayBeNamesDomainsOrAll) {
  EXPECT_EQ(address({{"Host", "a.b.home"}}, kStranger, policy_of({".home"})), "http://a.b.home");
  EXPECT_THAT(address({{"Host", "home"}}, kStranger, policy_of({".home"})),
              HasSubstr("does not answer"));
  EXPECT_EQ(address({{"Host", "[2001:DB8:0::5]"}}, kStranger), "http://[2001:db8:0::5]");
  EXPECT_EQ(address({{"Host", "any.thing"}}, kStranger, policy_of({"*"})), "http://any.thing");
}

TEST(BaseAddress, TheBasePathStandsWhereNoProxySaysOtherwise) {
  AddressPolicy policy = policy_of();
  policy.base_path = "/tv";
  EXPECT_EQ(address({{"Host", "tv.example.org"}}, kStranger, policy), "http://tv.example.org/tv");
  EXPECT_EQ(address({{"Host", "tv.example.org"}, {"X-Forwarded-Prefix", "/x"}}, kProxy, policy),
            "http://tv.example.org/x");
}

TEST(BaseAddress, AUnixSocketIsTrustedOnlyWhereThatIsSaid) {
  const std::vector<Header> headers{{"Host", "tv.example.org"}, {"X-Forwarded-Proto", "https"}};
  AddressPolicy policy = policy_of();
  EXPECT_EQ(to_string(*base_address(headers, {}, policy)), "http://tv.example.org");
  policy.trust_local = true;
  EXPECT_EQ(to_string(*base_address(headers, {}, policy)), "https://tv.example.org");
}

TEST(BaseAddress, ReadsAConfiguredUrl) {
  EXPECT_EQ(to_string(*parse_base_address("HTTPS://TV.example.org:443/iptv/")),
            "https://tv.example.org/iptv");
  EXPECT_EQ(to_string(*parse_base_address("http://[::1]:8080")), "http://[::1]:8080");
  for (const char* wrong : {"tv.example.org", "ftp://a", "http://", "http://u:p@h", "http://a/../b",
                            "http://a?b", "http://a/b c"})
    EXPECT_FALSE(parse_base_address(wrong)) << wrong;
}

TEST(ClientAddress, IsThePeerUnlessThatIsATrustedProxy) {
  const std::vector<Header> headers{{"X-Forwarded-For", "198.51.100.7"}};
  const auto client = [&](const IpAddress& peer) {
    return to_string(*client_address(headers, {.peer = peer}, policy_of()));
  };
  EXPECT_EQ(client(kStranger), "203.0.113.9");
  EXPECT_EQ(client(kProxy), "198.51.100.7");
  EXPECT_EQ(to_string(*client_address({}, {.peer = kProxy}, policy_of())), "10.0.0.2");
  const std::vector<Header> with_port{{"X-Forwarded-For", "[2001:db8::1]:443"}};
  EXPECT_EQ(to_string(*client_address(with_port, {.peer = kProxy}, policy_of())), "2001:db8::1");
}

}  // namespace
}  // namespace m3u_proxy::http
