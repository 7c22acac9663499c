// Entity secrets: accounts and the like are not shown, and what is not shown stays when somebody
// sends back what they saw.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/config_node.hpp>

namespace m3u_proxy::api {

/// Puts `***` in the place of credentials in addresses and of the values of headers.
void hide_secrets(ConfigNode& config);
/// Puts it in the place of what opens something in any address within a text: of channels that were
/// written down, and in expressions. So are addresses shown to those who may only look.
void hide_in_addresses(ConfigNode& config);
/// Where `config` says what hide_in_addresses() makes of `stored`, it says what is stored; an item
/// of a list wherever it is now. Headers are restore_secrets()' work.
void restore_in_addresses(ConfigNode& config, const ConfigNode& stored);
/// hide_secrets() for a configuration as the store has it. Error: kConfig, when it is no JSON.
Result<std::string> without_secrets(std::string_view config);
/// Where `config` says what hide_secrets() makes of `stored`, it says what is stored, so long as
/// that goes where it went before: what was meant for one server is told to no other. Which fields
/// still hide something: "config.url", "config.headers.Authorization".
std::vector<std::string> restore_secrets(ConfigNode& config, const ConfigNode& stored);

}  // namespace m3u_proxy::api
