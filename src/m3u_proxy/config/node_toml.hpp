// Config nodes as TOML: what the store and the API have as JSON, as a configuration file says it.
#pragma once

#include <string>
#include <string_view>

#include <m3u_proxy/base/config_node.hpp>

namespace m3u_proxy::config {

/// A basic TOML string, between double quotes.
std::string toml_quoted(std::string_view text);
/// A TOML string in the form that needs the fewest escapes.
std::string toml_string(std::string_view text);

/// `header` ("[[sources]]") and a line a member, in their order; what is in them is inline, lists
/// of tables a line each. parse_toml() reads the same members again.
std::string to_toml(std::string_view header, const ConfigNode& table);

}  // namespace m3u_proxy::config
