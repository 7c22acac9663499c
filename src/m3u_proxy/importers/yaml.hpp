// YAML as a tree of ConfigNode, each node with its place.
#pragma once

#include <string_view>

#include <m3u_proxy/base/config_node.hpp>
#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::importers {

/// Parses one YAML 1.2 document of at most 4 MB and 64 levels; null members are left out. `file` is
/// what positions name. Aliases are refused: a few lines of them stand for gigabytes. A key that is
/// there twice is an error, as it is for most programs. Pure and thread-safe.
/// Error: kConfig with line and column.
Result<ConfigNode> parse_yaml(std::string_view text, std::string_view file);

}  // namespace m3u_proxy::importers
