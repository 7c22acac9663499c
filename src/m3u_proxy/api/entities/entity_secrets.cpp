#include <algorithm>
#include <array>

#include <m3u_proxy/api/entities/entity_secrets.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/node_json.hpp>

namespace m3u_proxy::api {
namespace {

using Kind = ConfigNode::Kind;

constexpr std::string_view kHidden = "***";
constexpr std::array<std::string_view, 2> kAddresses = {"url", "path"};

ConfigNode* find(ConfigNode& table, std::string_view name) {
  const auto found = std::ranges::find(table.members, name, &ConfigMember::name);
  return found == table.members.end() ? nullptr : &found->value;
}

/// How the stored text is shown.
std::string shown(const ConfigNode& node, bool is_header) {
  return is_header ? std::string(kHidden) : redact_url(node.text);
}

void restore(ConfigNode* node, const ConfigMember* stored, bool is_header) {
  if (node == nullptr || stored == nullptr || node->kind != Kind::kString) return;
  if (node->text == shown(stored->value, is_header)) node->text = stored->value.text;
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

Result<std::string> without_secrets(std::string_view config) {
  M3U_TRY(ConfigNode node, config::parse_json(config, "config"));
  hide_secrets(node);
  return config::to_json(node);
}

void restore_secrets(ConfigNode& config, const ConfigNode& stored) {
  for (const std::string_view name : kAddresses)
    restore(find(config, name), stored.find(name), false);
  ConfigNode* const headers = find(config, "headers");
  const ConfigMember* const stored_headers = stored.find("headers");
  if (headers == nullptr || stored_headers == nullptr) return;
  for (ConfigMember& header : headers->members)
    restore(&header.value, stored_headers->value.find(header.name), true);
}

}  // namespace m3u_proxy::api
