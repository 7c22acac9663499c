#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include <m3u_proxy/base/config_node.hpp>
#include <m3u_proxy/config/legacy_keys.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/daemon/changed_keys.hpp>

namespace m3u_proxy::daemon {
namespace {

/// A name that ends in '.' is all keys of the section.
constexpr std::array kAtOnce = std::to_array<std::string_view>(
    {"service.refresh", "service.time_zone", "service.jitter", "service.quiet_period",
     "service.generations_kept", "service.max_shrink", "service.allowed_folders",
     "service.allowed_networks", "memory_cleanup.", "memory_monitoring.", "http.public_url",
     "http.trusted_proxies", "http.allowed_hosts", "login.", "proxy_memory.batch_size",
     "proxy_memory.memory_check_interval", "proxy_memory.cleanup_strategy",
     "proxy_memory.use_case"});

std::vector<std::pair<std::string, std::string>> keys_of(const config::ConfigDocument& document) {
  std::vector<std::pair<std::string, std::string>> keys;
  auto tree = parse_toml(document.text, document.file);
  if (!tree) return keys;
  config::ConfigReader reader;
  (void)config::replace_legacy_keys(reader, *tree);
  for (const ConfigMember& section : tree->members)
    if (section.value.kind == ConfigNode::Kind::kTable)
      for (const ConfigMember& key : section.value.members)
        keys.emplace_back(fmt::format("{}.{}", section.name, key.name), config::to_json(key.value));
  return keys;
}

}  // namespace

std::vector<std::string> changed_keys(const config::ConfigDocument& before,
                                      const config::ConfigDocument& now) {
  const auto list = keys_of(before);
  std::map<std::string, std::string> old(list.begin(), list.end());
  std::vector<std::string> changed;
  for (const auto& [key, value] : keys_of(now)) {
    const auto known = old.find(key);
    if (known == old.end() || known->second != value) changed.push_back(key);
    if (known != old.end()) old.erase(known);
  }
  for (const auto& [key, value] : list)
    if (old.contains(key)) changed.push_back(key);
  return changed;
}

bool applies_at_once(std::string_view key) {
  return std::ranges::any_of(kAtOnce, [&](std::string_view name) {
    return name.ends_with('.') ? key.starts_with(name) : key == name;
  });
}

}  // namespace m3u_proxy::daemon
