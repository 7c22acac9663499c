// Setting secrets: passwords, tokens, addresses that are as good as one, and what only a plugin
// understands are not shown, and stay when somebody sends back what they saw.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/config_node.hpp>

namespace m3u_proxy::settings {

/// What "section.name", or something further within, is in sections with keys; nullptr: nothing.
const ConfigNode* value_of(const ConfigNode& tree, std::string_view key);
/// The text of a key as it is shown: `***` in the place of what is secret.
std::string shown(std::string_view key, std::string_view text);
/// The same for a value as JSON; what is no secret stays. Of a plugin's configuration each text and
/// number is hidden.
std::string shown_json(std::string_view key, const std::string& json);
/// The same for sections with keys.
ConfigNode shown(ConfigNode tree);
/// Takes what is secret out, of plugins their whole configuration: what stays can be used as it is.
void remove_secrets(ConfigNode& tree);
/// Where `tree` says what is shown of `stored`, it says what is stored; within a plugin's
/// configuration member by member, lists as a whole.
void restore_secrets(ConfigNode& tree, const ConfigNode& stored);
/// Keys that then still have `***` where their secret is: it is not what was shown of `stored`.
/// Those of plugins: "wasm_plugins.plugins.NAME.config.token", "….config.list[1]".
std::vector<std::string> hidden_secrets(const ConfigNode& tree, const ConfigNode& stored);

}  // namespace m3u_proxy::settings
