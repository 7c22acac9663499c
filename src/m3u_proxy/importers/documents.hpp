// Documents: the files that another program keeps its configuration in, as trees of ConfigNode
// whatever their format. Each has a fixed bound: 16 MB and a million values of JSON, 4 MB of YAML,
// 64 levels.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/config_node.hpp>
#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::importers {

/// Positions are not known in JSON. Errors: kNotFound, kIo, kConfig (too large, no JSON).
Result<ConfigNode> read_json(const std::filesystem::path& file);
/// Errors: the same; also for aliases and several documents in one file.
Result<ConfigNode> read_yaml(const std::filesystem::path& file);

/// The value of `key`, or nullptr when `table` is none or has no such key.
const ConfigNode* find(const ConfigNode& table, std::string_view key);
/// A scalar as text; "" for a table, a list and nothing.
std::string text_of(const ConfigNode& node);
std::string text_of(const ConfigNode& table, std::string_view key);
/// `otherwise` where the key is missing; 1, "1", "true" and "yes" are true.
bool flag_of(const ConfigNode& table, std::string_view key, bool otherwise);
std::optional<std::int64_t> number_of(const ConfigNode& table, std::string_view key);
/// The items of a list; those of a missing one: none. A single value is a list of one.
std::vector<ConfigNode> items_of(const ConfigNode& table, std::string_view key);

enum class NumberOrder : std::uint8_t { kSmallestFirst, kLargestFirst };
/// By the number that each has under `key`, 0 where it has none; equal ones keep their order.
std::vector<ConfigNode> by_number(std::vector<ConfigNode> items, std::string_view key,
                                  NumberOrder order);

/// "" for 0, "1h" for 3600, "90m".
std::string interval_of(std::int64_t seconds);

}  // namespace m3u_proxy::importers
