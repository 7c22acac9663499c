#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/config_checks.hpp>

namespace m3u_proxy::config {
namespace {

template <typename Item>
std::vector<std::string_view> names_in(const std::vector<Item>& items) {
  std::vector<std::string_view> names;
  names.reserve(items.size());
  for (const Item& item : items) names.push_back(item.name.name);
  return names;
}

template <typename Item>
void check_unique(ConfigReader& reader, std::string_view section, const std::vector<Item>& items) {
  for (std::size_t i = 1; i < items.size(); ++i) {
    const Named& name = items[i].name;
    if (name.name.empty()) continue;
    const auto first = std::find_if(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(i),
                                    [&](const Item& item) { return item.name.name == name.name; });
    if (first == items.begin() + static_cast<std::ptrdiff_t>(i)) continue;
    reader.problem(name.where,
                   first->name.where.line != 0
                       ? fmt::format("{} has the name \"{}\" twice, first in line {}", section,
                                     name.name, first->name.where.line)
                       : fmt::format("{} has the name \"{}\" twice", section, name.name));
  }
}

template <typename Item>
void check_known(ConfigReader& reader, const ProxyConfig& proxy, std::string_view key,
                 const std::vector<Named>& references, const std::vector<Item>& items) {
  const auto known = names_in(items);
  for (const Named& reference : references) {
    if (std::ranges::find(known, reference.name) != known.end()) continue;
    const std::string_view close = closest_word(reference.name, known);
    std::string hint = fmt::format("add [[{}]] with this name", key);
    if (!close.empty()) hint = fmt::format("did you mean \"{}\"?", close);
    reader.problem(reference.where,
                   fmt::format("proxy \"{}\": there is no [[{}]] called \"{}\"", proxy.name.name,
                               key, reference.name),
                   std::move(hint));
  }
}

/// A proxy's name is the name of its files.
void check_proxy_name(ConfigReader& reader, const Named& name) {
  const auto bad = [](char c) {
    return c == '/' || c == '\\' || static_cast<unsigned char>(c) < 32;
  };
  if (name.name.starts_with('.') || std::ranges::any_of(name.name, bad) || name.name.size() > 200)
    reader.problem(
        name.where,
        fmt::format("\"{}\" cannot name a proxy: it names its files", excerpt(name.name)),
        "use up to 200 letters, digits, spaces, '-' and '_'");
}

void check_proxy(ConfigReader& reader, const Configuration& configuration,
                 const ProxyConfig& proxy) {
  check_proxy_name(reader, proxy.name);
  check_known(reader, proxy, "sources", proxy.sources, configuration.sources);
  check_known(reader, proxy, "epg_sources", proxy.epg_sources, configuration.epg_sources);
  check_known(reader, proxy, "filters", proxy.filters, configuration.filters);
  check_known(reader, proxy, "rules", proxy.rules, configuration.rules);
  if (proxy.sources.empty() && proxy.name.where.line != 0)
    reader.problem(proxy.name.where, fmt::format("proxy \"{}\" has no sources", proxy.name.name),
                   "name at least one of [[sources]] in its list");
  if (proxy.mode != generation::UrlMode::kDirect && proxy.base_url.empty())
    reader.problem(proxy.name.where,
                   fmt::format("proxy \"{}\": this mode needs base_url", proxy.name.name),
                   "give the address under which the proxy is reached, such as "
                   "http://192.168.1.2:8080");
  if (proxy.numbering == channels::NumberingMode::kRanges && proxy.ranges.empty())
    reader.problem(proxy.name.where,
                   fmt::format("proxy \"{}\": numbering \"ranges\" needs ranges", proxy.name.name),
                   "add ranges = [{ group = \"News\", first = 100 }]");
  for (const channels::NumberRange& range : proxy.ranges) {
    const auto has = [&](const Named& source) { return source.name == range.source; };
    if (range.source.empty() || std::ranges::any_of(proxy.sources, has)) continue;
    reader.problem(proxy.name.where,
                   fmt::format("proxy \"{}\": a range is for source \"{}\", which it does not use",
                               proxy.name.name, range.source));
  }
}

void check_plugin_sources(ConfigReader& reader, const Configuration& configuration) {
  if (configuration.wasm_plugins.enabled) return;
  for (const SourceConfig& source : configuration.sources)
    if (!source.plugin.empty())
      reader.problem(source.name.where,
                     fmt::format("source \"{}\" is read by plugin \"{}\", and plugins are off",
                                 source.name.name, source.plugin),
                     "set enabled = true in [wasm_plugins]");
}

/// Whether a logo of our own has no address in one of the proxies that an edit is for.
bool lacks_base_url(const Configuration& configuration, const EditConfig& edit) {
  return edit.edit.logo.value_or("").starts_with("@logo:") &&
         std::ranges::any_of(configuration.proxies, [&](const ProxyConfig& proxy) {
           return proxy.base_url.empty() &&
                  (edit.proxy.name.empty() || edit.proxy.name == proxy.name.name);
         });
}

void check_edits(ConfigReader& reader, const Configuration& configuration) {
  const auto proxies = names_in(configuration.proxies);
  std::map<std::pair<Uuid, std::string_view>, std::uint64_t> lines;
  std::size_t placed = 0;
  for (const EditConfig& edit : configuration.edits) {
    const auto& [where, proxy, change] = edit;
    if (change.place != edits::Place::kStays) ++placed;
    const auto [first, is_new] = lines.try_emplace({change.channel, proxy.name}, where.line);
    if (!is_new && change.channel != Uuid())
      reader.problem(where, fmt::format("[[edits]] has the channel {} twice, first in line {}",
                                        to_base64url(change.channel), first->second));
    if (!proxy.name.empty() && std::ranges::find(proxies, proxy.name) == proxies.end()) {
      const std::string_view close = closest_word(proxy.name, proxies);
      reader.problem(proxy.where, fmt::format("there is no proxy called \"{}\"", proxy.name),
                     close.empty() ? "" : fmt::format("did you mean \"{}\"?", close));
    }
    if (lacks_base_url(configuration, edit))
      reader.problem(where, "a logo of our own needs base_url in the proxy",
                     "give the address under which the proxy is reached");
  }
  if (placed > edits::kMostPlacements)
    reader.problem(
        configuration.edits.front().where,
        fmt::format("[[edits]] places {} channels, more than {}", placed, edits::kMostPlacements),
        "sort brings many channels into order");
}

void check_login(ConfigReader& reader, const Configuration& configuration) {
  const LoginConfig& login = configuration.login;
  const bool has_groups =
      !login.admin_groups.empty() || !login.editor_groups.empty() || !login.viewer_groups.empty();
  if (has_groups && login.groups_header.empty())
    reader.problem(login.where, "[login] has groups and no groups_header",
                   "name the field in which the proxy says who is in which groups");
  if (!has_groups && !login.groups_header.empty())
    reader.problem(login.where, "[login] has a groups_header and no groups",
                   "say what they may: admin_groups, editor_groups, viewer_groups");
  if (has_groups && login.new_users != NewUsers::kNone)
    reader.problem(login.where, "[login] has groups and new_users",
                   "leave out new_users: the groups say who may come in, and as what");
  if (login.user_header.empty()) {
    if (has_groups || login.new_users != NewUsers::kNone)
      reader.problem(login.where, "[login] has no user_header",
                     "name the field in which the proxy says who it is, such as \"Remote-User\"");
    return;
  }
  if (equals_ascii_case(login.user_header, login.groups_header))
    reader.problem(login.where, "[login] has the same field as user_header and groups_header");
  if (configuration.http.trusted_proxies.empty())
    reader.problem(login.where, "[login] needs trusted_proxies in [http]",
                   "a name counts only when it comes from a proxy whose address is there");
  for (const Named& proxy : configuration.http.trusted_proxies)
    if (proxy.name.ends_with("/0"))
      reader.problem(proxy.where,
                     fmt::format("with [login] \"{}\" in trusted_proxies lets everybody be anybody",
                                 proxy.name),
                     "name the addresses of your proxies");
}

}  // namespace

void check_references(ConfigReader& reader, const Configuration& configuration) {
  check_unique(reader, "[[sources]]", configuration.sources);
  check_unique(reader, "[[epg_sources]]", configuration.epg_sources);
  check_unique(reader, "[[filters]]", configuration.filters);
  check_unique(reader, "[[rules]]", configuration.rules);
  check_unique(reader, "[[proxies]]", configuration.proxies);
  check_plugin_sources(reader, configuration);
  for (const ProxyConfig& proxy : configuration.proxies) check_proxy(reader, configuration, proxy);
  check_edits(reader, configuration);
  check_login(reader, configuration);
}

}  // namespace m3u_proxy::config
