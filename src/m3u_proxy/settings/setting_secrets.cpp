#include <fmt/format.h>

#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/config/plain_keys.hpp>
#include <m3u_proxy/settings/setting_secrets.hpp>

namespace m3u_proxy::settings {
namespace {

constexpr std::string_view kHidden = "***";

/// Of an address that opens something to whoever knows it: where it is, not which one.
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

/// Calls `with(key, value)` for every text of a secret.
template <typename Tree, typename With>
void for_each_secret(Tree& tree, const With& with) {
  for (auto& section : tree.members)
    for (auto& member : section.value.members) {
      const std::string key = fmt::format("{}.{}", section.name, member.name);
      if (config::is_secret(key) && member.value.kind == ConfigNode::Kind::kString)
        with(key, member.value);
    }
}

}  // namespace

const ConfigNode* value_of(const ConfigNode& tree, std::string_view key) {
  const std::size_t dot = key.find('.');
  const ConfigMember* const section = tree.find(key.substr(0, dot));
  const ConfigMember* const member =
      section == nullptr ? nullptr : section->value.find(key.substr(dot + 1));
  return member == nullptr ? nullptr : &member->value;
}

std::string shown(std::string_view key, std::string_view text) {
  if (text.empty() || !config::is_secret(key)) return std::string(text);
  if (key == "alerts.webhook" || key == "alerts.ntfy") return only_host(text);
  if (key == "http.metrics_token") return std::string(kHidden);
  return redact_url(text);
}

std::string shown_json(std::string_view key, const std::string& json) {
  if (!config::is_secret(key)) return json;
  const auto node = config::parse_json(json, key);
  std::string out;
  append_json_string(out, node ? shown(key, node->text) : std::string(kHidden));
  return out;
}

ConfigNode shown(ConfigNode tree) {
  for_each_secret(
      tree, [](const std::string& key, ConfigNode& value) { value.text = shown(key, value.text); });
  return tree;
}

void restore_secrets(ConfigNode& tree, const ConfigNode& stored) {
  for_each_secret(tree, [&](const std::string& key, ConfigNode& value) {
    const ConfigNode* const known = value_of(stored, key);
    if (known != nullptr && value.text == shown(key, known->text)) value.text = known->text;
  });
}

std::vector<std::string> hidden_secrets(const ConfigNode& tree, const ConfigNode& stored) {
  std::vector<std::string> keys;
  for_each_secret(tree, [&](const std::string& key, const ConfigNode& value) {
    const ConfigNode* const known = value_of(stored, key);
    if (value.text.contains(kHidden) && (known == nullptr || known->text != value.text))
      keys.push_back(key);
  });
  return keys;
}

}  // namespace m3u_proxy::settings
