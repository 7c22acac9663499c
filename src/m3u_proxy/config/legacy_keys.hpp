// Legacy keys: what configurations of the time before memory handling chose its strategies by
// itself said about them, and what that became. A configuration may still hold them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/config/config_reader.hpp>

namespace m3u_proxy::config {

/// One key of today that a legacy key became.
struct MovedKey {
  std::string section;
  std::string key;
  ConfigNode value;
};

/// What happened to one legacy key.
struct LegacyChange {
  std::string old_key;           ///< such as `proxy_memory.memory_strategy.chunk_size`
  Where where;                   ///< the key
  Where statement;               ///< the statement that gives it: its own, or an inline table's
  Where value;                   ///< that statement's value
  std::vector<MovedKey> became;  ///< empty: not needed any more
  std::string why;               ///< what does its work today; a sentence without a full stop
};

/// `proxy_memory.strategy_preset became proxy_memory.cleanup_strategy = "smart": …`
std::string to_string(const LegacyChange& change);
/// A text, whole number or boolean as TOML writes it.
std::string toml_value(const ConfigNode& value);

/// Takes every legacy key out of `document` and puts in what it became, at its place. A key of
/// today that is there as well wins. Wrong values become problems of `reader`. Changes come in the
/// order of the document.
std::vector<LegacyChange> replace_legacy_keys(ConfigReader& reader, ConfigNode& document);

}  // namespace m3u_proxy::config
