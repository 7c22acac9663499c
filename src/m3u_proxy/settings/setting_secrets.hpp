// Setting secrets: passwords, tokens and addresses that are as good as one are not shown, and stay
// when somebody sends back what they saw.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/config_node.hpp>

namespace m3u_proxy::settings {

/// What "section.name" is in sections with keys; nullptr: nothing.
const ConfigNode* value_of(const ConfigNode& tree, std::string_view key);
/// The text of a key as it is shown: `***` in the place of what is secret.
std::string shown(std::string_view key, std::string_view text);
/// The same for a value as JSON; what is no secret stays.
std::string shown_json(std::string_view key, const std::string& json);
/// The same for sections with keys.
ConfigNode shown(ConfigNode tree);
/// Where `tree` says what is shown of `stored`, it says what is stored.
void restore_secrets(ConfigNode& tree, const ConfigNode& stored);
/// Keys that then still have `***` where their secret is: it is not what was shown of `stored`.
std::vector<std::string> hidden_secrets(const ConfigNode& tree, const ConfigNode& stored);

}  // namespace m3u_proxy::settings
