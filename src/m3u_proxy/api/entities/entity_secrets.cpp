#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include <fmt/format.h>

#include <m3u_proxy/api/entities/entity_secrets.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/net/url.hpp>
#include <m3u_proxy/sources/xtream_account.hpp>

namespace m3u_proxy::api {
namespace {

using Kind = ConfigNode::Kind;

constexpr std::string_view kHidden = "***";
constexpr std::string_view kSecureAccount = "xtreams://";
constexpr std::array<std::string_view, 2> kAddresses = {"url", "path"};

ConfigNode* find(ConfigNode& table, std::string_view name) {
  const auto found = std::ranges::find(table.members, name, &ConfigMember::name);
  return found == table.members.end() ? nullptr : &found->value;
}

/// How the stored text is shown.
std::string shown(const ConfigNode& node, bool is_header) {
  return is_header ? std::string(kHidden) : redact_url(node.text);
}

std::string_view address_of(const ConfigNode& config) {
  for (const std::string_view name : kAddresses)
    if (const ConfigMember* const member = config.find(name)) return member->value.text;
  return {};
}

/// The parts of an address that may hide something, as views into it.
struct Parts {
  std::string_view start{};  ///< "https://"
  std::string_view login{};  ///< "user:password"
  std::string_view rest{};   ///< from '@' on, to the query
  std::string_view query{};  ///< without '?'
  std::string_view end{};    ///< the fragment with its '#'
};
Parts parts_of(std::string_view address) {
  Parts parts;
  const auto take = [&](std::size_t size) {
    const std::string_view part = address.substr(0, size);
    address.remove_prefix(part.size());
    return part;
  };
  const std::size_t scheme = address.find("://");
  if (scheme == std::string_view::npos) return {.rest = address};
  const bool is_account = sources::is_xtream_url(address);
  parts.start = take(scheme + 3);
  const std::string_view authority =
      address.substr(0, address.find_first_of(is_account ? "?" : "/?#"));
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) parts.login = take(at);
  parts.rest = take(std::min(address.find_first_of("?#"), address.size()));
  if (address.starts_with('?')) {
    take(1);
    parts.query = take(std::min(address.find('#'), address.size()));
  }
  parts.end = address;
  return parts;
}

/// nullopt: nothing is sent to it, or it is written so that others may read another server in it.
std::optional<net::Origin> server_of(std::string_view address) {
  if (sources::is_xtream_url(address)) {
    const Parts parts = parts_of(address);
    if (!parts.rest.starts_with('@')) return std::nullopt;
    const bool secure = parts.start.size() == kSecureAccount.size();
    return server_of(fmt::format("{}://{}", secure ? "https" : "http", parts.rest.substr(1)));
  }
  const auto is_odd = [](unsigned char c) { return c <= ' ' || c >= 0x7f || c == '\\'; };
  if (std::ranges::any_of(address, is_odd)) return std::nullopt;
  auto origin = net::origin_of(address);
  return origin ? std::optional(*std::move(origin)) : std::nullopt;
}

bool goes_where_it_went(std::string_view to, std::string_view from) {
  if (to == from) return true;
  const auto server = server_of(to);
  const auto before = server_of(from);
  return server && before && net::shares_credentials(*before, *server);
}

/// What was typed, with what was not from what is stored.
std::string restored_login(std::string_view sent, std::string_view stored) {
  const std::size_t colon = std::min(sent.find(':'), sent.size());
  if (sent.substr(0, colon) != kHidden) return std::string(sent);
  const std::string_view password = sent.substr(std::min(colon + 1, sent.size()));
  if (password.empty() || password == kHidden) return std::string(stored);
  return fmt::format("{}:{}", stored.substr(0, stored.find(':')), password);
}

std::string restored_query(std::string_view sent, std::string_view stored) {
  std::string out;
  while (!sent.empty()) {
    const std::string_view parameter = sent.substr(0, sent.find('&'));
    sent.remove_prefix(std::min(parameter.size() + 1, sent.size()));
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    const std::string_view name = parameter.substr(0, equals);
    std::string_view whole = parameter;
    if (parameter.substr(std::min(equals + 1, parameter.size())) == kHidden)
      for (std::string_view rest = stored; !rest.empty();) {
        const std::string_view one = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
        if (one.substr(0, one.find('=')) == name) whole = one;
      }
    out += out.empty() ? "" : "&";
    out += whole;
  }
  return out;
}

std::string restored_address(std::string_view sent, std::string_view stored) {
  if (sent == redact_url(stored)) return std::string(stored);
  if (!goes_where_it_went(sent, stored)) return std::string(sent);
  const Parts now = parts_of(sent);
  const Parts before = parts_of(stored);
  std::string out = std::string(now.start) + restored_login(now.login, before.login);
  out += now.rest;
  if (!now.query.empty()) out += "?" + restored_query(now.query, before.query);
  out += now.end;
  return out;
}

std::string hidden_json(ConfigNode node) {
  hide_in_addresses(node);
  return config::to_json(node);
}

/// Items of a list as they are stored; one that was changed is taken for the one in its place.
void restore_items(std::vector<ConfigNode>& items, const std::vector<ConfigNode>& stored) {
  std::multimap<std::string, const ConfigNode*> known;
  for (const ConfigNode& item : stored) known.emplace(hidden_json(item), &item);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto found = known.find(config::to_json(items[i]));
    if (found != known.end()) {
      items[i] = *found->second;
      known.erase(found);
    } else if (i < stored.size()) {
      restore_in_addresses(items[i], stored[i]);
    }
  }
}

/// Whether something that redact_url() hides is hidden already.
bool hides_something(std::string_view address) {
  if (redact_url(address) != address) return false;
  std::string other(address);
  for (std::size_t at = other.find(kHidden); at != std::string::npos; at = other.find(kHidden))
    other.replace(at, kHidden.size(), "x");
  return redact_url(other) != other;
}

}  // namespace

void hide_secrets(ConfigNode& config) {
  for (const std::string_view name : kAddresses)
    if (ConfigNode* const node = find(config, name); node != nullptr && node->kind == Kind::kString)
      node->text = shown(*node, false);
  if (ConfigNode* const headers = find(config, "headers"))
    for (ConfigMember& header : headers->members)
      if (header.value.kind == Kind::kString) header.value.text = shown(header.value, true);
}

void hide_in_addresses(ConfigNode& config) {
  if (config.kind == Kind::kString) config.text = redact_urls_in(config.text);
  for (ConfigMember& member : config.members) hide_in_addresses(member.value);
  for (ConfigNode& item : config.items) hide_in_addresses(item);
}

void restore_in_addresses(ConfigNode& config, const ConfigNode& stored) {
  if (config.kind == Kind::kString && stored.kind == Kind::kString &&
      config.text == redact_urls_in(stored.text))
    config.text = stored.text;
  for (ConfigMember& member : config.members) {
    const ConfigMember* const known = stored.find(member.name);
    if (known != nullptr && member.name != "headers")
      restore_in_addresses(member.value, known->value);
  }
  restore_items(config.items, stored.items);
}

Result<std::string> without_secrets(std::string_view config) {
  M3U_TRY(ConfigNode node, config::parse_json(config, "config"));
  hide_secrets(node);
  return config::to_json(node);
}

std::vector<std::string> restore_secrets(ConfigNode& config, const ConfigNode& stored) {
  std::vector<std::string> hidden;
  const std::string before(address_of(stored));
  for (const std::string_view name : kAddresses) {
    ConfigNode* const node = find(config, name);
    if (node == nullptr || node->kind != Kind::kString) continue;
    node->text = restored_address(node->text, before);
    if (hides_something(node->text)) hidden.push_back(fmt::format("config.{}", name));
  }
  ConfigNode* const headers = find(config, "headers");
  if (headers == nullptr) return hidden;
  const ConfigMember* const stored_headers = stored.find("headers");
  const bool same_server = goes_where_it_went(address_of(config), before);
  for (ConfigMember& header : headers->members) {
    if (header.value.kind != Kind::kString || header.value.text != kHidden) continue;
    const ConfigMember* const known =
        stored_headers == nullptr ? nullptr : stored_headers->value.find(header.name);
    if (known != nullptr && same_server)
      header.value.text = known->value.text;
    else
      hidden.push_back(fmt::format("config.headers.{}", header.name));
  }
  return hidden;
}

}  // namespace m3u_proxy::api
