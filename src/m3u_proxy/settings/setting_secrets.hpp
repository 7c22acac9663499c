// Setting secrets: passwords, tokens and addresses that are as good as one are not shown, and stay
// when somebody sends back what they saw.
#pragma once

#include <string>
#include <string_view>

#include <m3u_proxy/base/config_node.hpp>

namespace m3u_proxy::settings {

/// The text of a key as it is shown: `***` in the place of what is secret.
std::string shown(std::string_view key, std::string_view text);
/// The same for a value as JSON; what is no secret stays.
std::string shown_json(std::string_view key, const std::string& json);
/// The same for sections with keys.
ConfigNode shown(ConfigNode tree);
/// Where `tree` says what is shown of `stored`, it says what is stored.
void restore_secrets(ConfigNode& tree, const ConfigNode& stored);

}  // namespace m3u_proxy::settings
