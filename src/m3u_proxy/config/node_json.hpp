// Config nodes as JSON: the form in which the store and the API have what a configuration file says
// in TOML, so that the same tables of keys read both.
#pragma once

#include <string>
#include <string_view>

#include <m3u_proxy/base/config_node.hpp>
#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::config {

/// Canonical: the members of a table by name, no white space; so equal tables are equal texts. A
/// date becomes a string.
std::string to_json(const ConfigNode& node);

/// Reads JSON as a node; null members are left out, as if they were not there. `what` is what
/// positions name; they are of the whole document. Error: kConfig, with line and column for
/// mistakes in the syntax, and for what is nested deeper than 64.
Result<ConfigNode> parse_json(std::string_view text, std::string_view what);

/// An entity as a table of a document: its body, which is JSON, and its name. `kind` ("source") is
/// what positions name, with the name. Errors as parse_json().
Result<ConfigNode> parse_entity(std::string_view kind, const std::string& name,
                                std::string_view body);

}  // namespace m3u_proxy::config
