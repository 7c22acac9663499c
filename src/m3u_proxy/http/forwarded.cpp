#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/http/forwarded.hpp>
#include <m3u_proxy/http/target.hpp>

namespace m3u_proxy::http {
namespace {

constexpr std::size_t kLongestHost = 255;

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), ascii_lower);
  return result;
}

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

bool is_host_name(std::string_view host) {
  return !host.empty() && host.size() <= kLongestHost && std::ranges::all_of(host, [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '.' || c == '_';
  });
}

struct HostAndPort {
  std::string host;
  std::optional<std::uint16_t> port;
};

/// "name", "name:80", "[::1]:80"; an IPv6 address alone gets its brackets.
std::optional<HostAndPort> parse_host(std::string_view text) {
  if (std::ranges::count(text, ':') > 1 && !text.starts_with('[')) {
    if (!parse_ip(text)) return std::nullopt;
    return HostAndPort{.host = '[' + lower(text) + ']', .port = {}};
  }
  HostAndPort result;
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == std::string_view::npos) return std::nullopt;
  const std::size_t colon = text.find(':', bracket);
  const std::string_view host = text.substr(0, colon);
  if (bracket == 0 ? !is_host_name(host) : !parse_ip(host)) return std::nullopt;
  result.host = lower(host);
  if (colon == std::string_view::npos) return result;
  const std::string_view port = text.substr(colon + 1);
  if (port.empty()) return result;
  result.port = parse_port(port);
  if (!result.port) return std::nullopt;
  return result;
}

std::optional<std::string> parse_scheme(std::string_view text) {
  std::string scheme = lower(text);
  if (scheme != "http" && scheme != "https") return std::nullopt;
  return scheme;
}

/// "" or "/a/b"; nullopt for what is no clean path.
std::optional<std::string> parse_prefix(std::string_view text) {
  while (text.ends_with('/')) text.remove_suffix(1);
  if (text.empty()) return std::string();
  const bool clean = valid_path(text) && text.find("//") == std::string_view::npos &&
                     text.find_first_of("?#\"'<>&\\ ") == std::string_view::npos;
  if (!clean) return std::nullopt;
  return std::string(text);
}

bool is_trusted(const std::optional<IpAddress>& address, const AddressPolicy& policy) {
  if (!address) return policy.trust_local;
  return std::ranges::any_of(policy.trusted_proxies,
                             [&](const Cidr& range) { return range.contains(*address); });
}

/// "1.2.3.4:5678" and "[::1]:80", as some proxies write them, are addresses too.
std::optional<IpAddress> parse_hop(std::string_view text) {
  if (auto ip = parse_ip(text)) return ip;
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return parse_ip(text.substr(0, colon));
}

std::vector<std::string_view> elements(Headers headers, std::string_view name) {
  std::vector<std::string_view> list;
  for_each_element(headers, name, [&](std::string_view element) { list.push_back(element); });
  return list;
}

/// How many trusted proxies the request came through, the peer among them.
std::size_t trusted_hops(Headers headers, const AddressPolicy& policy) {
  const auto chain = elements(headers, "X-Forwarded-For");
  std::size_t hops = 1;
  while (hops <= chain.size()) {
    const auto hop = parse_hop(chain[chain.size() - hops]);
    if (!hop || !is_trusted(hop, policy)) break;
    ++hops;
  }
  return hops;
}

/// The entry of a list to which each proxy appended one; who replaces lists has one entry.
std::string_view entry(const std::vector<std::string_view>& list, std::size_t hops) {
  if (list.empty()) return {};
  return list[list.size() - std::min(hops, list.size())];
}

/// What proxies say; empty where they say nothing.
struct Said {
  std::string proto;
  std::string host;
  std::string port;
  std::string prefix;
};

/// A value of Forwarded, whose quotes are taken off.
std::string unquoted(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string(value);
  std::string text;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] == '\\' && i + 2 < value.size()) ++i;
    text += value[i];
  }
  return text;
}

/// `for=…;proto=https;host="tv.example.org:8443"`.
Said read_forwarded(std::string_view element) {
  Said said;
  while (!element.empty()) {
    const std::size_t end = std::min(element.find(';'), element.size());
    const std::string_view pair = trim(element.substr(0, end));
    element.remove_prefix(std::min(end + 1, element.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = pair.substr(0, equals);
    if (equals_ascii_case(name, "proto")) said.proto = unquoted(pair.substr(equals + 1));
    if (equals_ascii_case(name, "host")) said.host = unquoted(pair.substr(equals + 1));
  }
  return said;
}

Said what_proxies_say(Headers headers, const AddressPolicy& policy) {
  const std::size_t hops = trusted_hops(headers, policy);
  const auto value = [&](std::string_view name) {
    return std::string(entry(elements(headers, name), hops));
  };
  Said said{.proto = value("X-Forwarded-Proto"),
            .host = value("X-Forwarded-Host"),
            .port = value("X-Forwarded-Port"),
            .prefix = value("X-Forwarded-Prefix")};
  if (said.proto.empty() && said.host.empty() && said.port.empty() && said.prefix.empty())
    return read_forwarded(entry(elements(headers, "Forwarded"), hops));
  return said;
}

bool is_allowed(std::string_view host, const AddressPolicy& policy) {
  // A page can have a name lead elsewhere (DNS rebinding), but not an address.
  if (host == "localhost" || parse_ip(host)) return true;
  return std::ranges::any_of(policy.allowed_hosts, [&](std::string_view allowed) {
    if (allowed == "*" || host == allowed) return true;
    return allowed.starts_with('.') && host.ends_with(allowed) && host.size() > allowed.size();
  });
}

}  // namespace

std::string to_string(const BaseAddress& address) {
  std::string url = address.scheme + "://" + address.host;
  if (address.port != default_port(address.scheme)) url += fmt::format(":{}", address.port);
  return url + address.prefix;
}

Result<BaseAddress> parse_base_address(std::string_view url) {
  const auto wrong = [&] {
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no address of a service", url),
                "write one as https://tv.example.org or http://192.168.1.5:8080/iptv");
  };
  const std::size_t mark = url.find("://");
  if (mark == std::string_view::npos) return wrong();
  const auto scheme = parse_scheme(url.substr(0, mark));
  const std::string_view rest = url.substr(mark + 3);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const auto host = parse_host(rest.substr(0, slash));
  const auto prefix = parse_prefix(rest.substr(slash));
  if (!scheme || !host || !prefix) return wrong();
  return BaseAddress{.scheme = *scheme,
                     .host = host->host,
                     .port = host->port.value_or(default_port(*scheme)),
                     .prefix = *prefix};
}

bool comes_from_trusted_proxy(const Arrival& arrival, const AddressPolicy& policy) {
  return is_trusted(arrival.peer, policy);
}

Result<BaseAddress> base_address(Headers headers, const Arrival& arrival,
                                 const AddressPolicy& policy) {
  if (policy.public_url) return *policy.public_url;
  Said said;
  if (is_trusted(arrival.peer, policy)) said = what_proxies_say(headers, policy);

  const auto proto = parse_scheme(said.proto);
  BaseAddress address{.scheme = proto.value_or(arrival.secure ? "https" : "http"),
                      .host = {},
                      .port = 0,
                      .prefix = parse_prefix(said.prefix).value_or(policy.base_path)};
  if (address.prefix.empty()) address.prefix = policy.base_path;
  const std::string_view text = said.host.empty() ? find_header(headers, "Host") : said.host;
  // HTTP/1.0 without Host: what reached us is all that is known.
  const auto host = text.empty() ? HostAndPort{.host = "localhost", .port = arrival.local_port}
                                 : parse_host(text);
  if (!host)
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no host", excerpt(text)));
  if (!is_allowed(host->host, policy))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("this service does not answer for '{}'", host->host),
                "add it to allowed_hosts, or set public_url");
  address.host = host->host;
  address.port = default_port(address.scheme);
  if (host->port) address.port = *host->port;
  if (const auto port = parse_port(said.port)) address.port = *port;
  return address;
}

std::optional<IpAddress> client_address(Headers headers, const Arrival& arrival,
                                        const AddressPolicy& policy) {
  if (!is_trusted(arrival.peer, policy)) return arrival.peer;
  const auto chain = elements(headers, "X-Forwarded-For");
  if (chain.empty()) return arrival.peer;
  return parse_hop(entry(chain, trusted_hops(headers, policy)));
}

}  // namespace m3u_proxy::http
