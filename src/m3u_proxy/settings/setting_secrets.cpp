#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/config/plain_keys.hpp>
#include <m3u_proxy/settings/setting_secrets.hpp>

namespace m3u_proxy::settings {
namespace {

constexpr std::string_view kHidden = "***";

/// Of an address that opens something to anybody who knows it: where it is, not which one.
std::string only_host(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(kHidden);
  const std::size_t end = url.find_first_of("/?#\\", scheme + 3);
  std::string_view host =
      url.substr(scheme + 3, end == std::string_view::npos ? end : end - scheme - 3);
  if (const std::size_t at = host.rfind('@'); at != std::string_view::npos)
    host.remove_prefix(at + 1);
  return fmt::format("{}{}/{}", url.substr(0, scheme + 3), host, kHidden);
}

/// What is said of single plugins; `config` of each is what the plugin wants, tokens too.
constexpr std::string_view kPlugins = "wasm_plugins.plugins";
constexpr std::string_view kPluginConfig = "config";

bool holds_secret(std::string_view key, const ConfigNode& value) {
  return config::is_secret(key) && value.kind == ConfigNode::Kind::kString;
}

/// Calls `with(key, value)` for every value that is a secret or has some in it; those of plugins
/// are called "wasm_plugins.plugins.NAME.config".
template <typename Tree, typename With>
void for_each_secret(Tree& tree, const With& with) {
  for (auto& section : tree.members)
    for (auto& member : section.value.members) {
      const std::string key = fmt::format("{}.{}", section.name, member.name);
      if (key == kPlugins) {
        for (auto& plugin : member.value.members)
          for (auto& own : plugin.value.members)
            if (own.name == kPluginConfig)
              with(fmt::format("{}.{}.{}", key, plugin.name, own.name), own.value);
      } else if (holds_secret(key, member.value)) {
        with(key, member.value);
      }
    }
}

/// Of what only a plugin understands any text or number may be a secret.
void hide_all(ConfigNode& node) {
  using Kind = ConfigNode::Kind;
  if (node.kind == Kind::kBoolean || (node.kind == Kind::kString && node.text.empty())) return;
  if (node.kind != Kind::kTable && node.kind != Kind::kArray) {
    node.kind = Kind::kString;
    node.text = kHidden;
    return;
  }
  for (ConfigMember& member : node.members) hide_all(member.value);
  for (ConfigNode& item : node.items) hide_all(item);
}

void hide(std::string_view key, ConfigNode& value) {
  if (key.starts_with(kPlugins))
    hide_all(value);
  else
    value.text = shown(key, value.text);
}

/// What comes back as it was shown of `stored` is what is stored: all of it, or members of a table.
void restore(std::string_view key, ConfigNode& value, const ConfigNode& stored) {
  ConfigNode seen = stored;
  hide(key, seen);
  if (config::to_json(value) == config::to_json(seen)) {
    value = stored;
    return;
  }
  if (value.kind != ConfigNode::Kind::kTable || stored.kind != ConfigNode::Kind::kTable) return;
  for (ConfigMember& member : value.members)
    if (const ConfigMember* const known = stored.find(member.name))
      restore(key, member.value, known->value);
}

/// Adds where a plugin's configuration has `***` and `stored` has something else, or nothing.
void add_hidden(const std::string& key, const ConfigNode& value, const ConfigNode* stored,
                std::vector<std::string>& keys) {
  if (value.text == kHidden && (stored == nullptr || stored->text != kHidden)) keys.push_back(key);
  for (const ConfigMember& member : value.members) {
    const ConfigMember* const known = stored == nullptr ? nullptr : stored->find(member.name);
    add_hidden(fmt::format("{}.{}", key, member.name), member.value,
               known == nullptr ? nullptr : &known->value, keys);
  }
  for (std::size_t i = 0; i < value.items.size(); ++i)
    add_hidden(fmt::format("{}[{}]", key, i + 1), value.items[i],
               stored == nullptr || i >= stored->items.size() ? nullptr : &stored->items[i], keys);
}

}  // namespace

const ConfigNode* value_of(const ConfigNode& tree, std::string_view key) {
  const ConfigNode* at = &tree;
  while (at != nullptr && !key.empty()) {
    const std::string_view name = key.substr(0, key.find('.'));
    key.remove_prefix(std::min(name.size() + 1, key.size()));
    const ConfigMember* const member = at->find(name);
    at = member == nullptr ? nullptr : &member->value;
  }
  return at;
}

std::string shown(std::string_view key, std::string_view text) {
  if (text.empty() || !config::is_secret(key)) return std::string(text);
  if (key == "alerts.webhook" || key == "alerts.ntfy") return only_host(text);
  if (key == "http.metrics_token") return std::string(kHidden);
  return redact_url(text);
}

std::string shown_json(std::string_view key, const std::string& json) {
  if (!config::is_secret(key)) return json;
  auto node = config::parse_json(json, key);
  if (!node) return fmt::format("\"{}\"", kHidden);
  const std::size_t dot = key.find('.');
  ConfigNode section;
  section.members.push_back(
      {.name = std::string(key.substr(dot + 1)), .where = {}, .value = *std::move(node)});
  ConfigNode tree;
  tree.members.push_back(
      {.name = std::string(key.substr(0, dot)), .where = {}, .value = std::move(section)});
  tree = shown(std::move(tree));
  return config::to_json(*value_of(tree, key));
}

ConfigNode shown(ConfigNode tree) {
  for_each_secret(tree, [](const std::string& key, ConfigNode& value) { hide(key, value); });
  return tree;
}

void remove_secrets(ConfigNode& tree) {
  for (ConfigMember& section : tree.members) {
    std::erase_if(section.value.members, [&](const ConfigMember& member) {
      return holds_secret(fmt::format("{}.{}", section.name, member.name), member.value);
    });
    for (ConfigMember& member : section.value.members)
      if (fmt::format("{}.{}", section.name, member.name) == kPlugins)
        for (ConfigMember& plugin : member.value.members)
          std::erase_if(plugin.value.members,
                        [](const ConfigMember& own) { return own.name == kPluginConfig; });
  }
}

void restore_secrets(ConfigNode& tree, const ConfigNode& stored) {
  for_each_secret(tree, [&](const std::string& key, ConfigNode& value) {
    if (const ConfigNode* const known = value_of(stored, key)) restore(key, value, *known);
  });
}

std::vector<std::string> hidden_secrets(const ConfigNode& tree, const ConfigNode& stored) {
  std::vector<std::string> keys;
  for_each_secret(tree, [&](const std::string& key, const ConfigNode& value) {
    const ConfigNode* const known = value_of(stored, key);
    if (key.starts_with(kPlugins))
      add_hidden(key, value, known, keys);
    else if (value.text.contains(kHidden) && (known == nullptr || known->text != value.text))
      keys.push_back(key);
  });
  return keys;
}

}  // namespace m3u_proxy::settings
