// Config sections: what each section of a configuration may hold; a document or an environment
// variable becomes a Configuration through their tables of keys.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <m3u_proxy/config/config_reader.hpp>
#include <m3u_proxy/config/configuration.hpp>

namespace m3u_proxy::config {

/// The keys of a section, as messages and the documentation's test list them.
struct SectionKeys {
  std::string_view section;
  std::vector<std::string_view> keys;
};

/// Reads a whole document into `out`, which has the defaults. Everything that is wrong becomes a
/// problem of `reader`.
void read_document(ConfigReader& reader, const ConfigNode& document, Configuration& out);

/// Sets one key of a section that is a plain table ("proxy_memory", "batch_size"), as the
/// environment does. Unknown sections and keys become problems, with a suggestion.
void read_single_key(ConfigReader& reader, std::string_view section, const ConfigMember& key,
                     Configuration& out);

/// Reads one of the sections about memory and plugins; false when `name` is none of them.
bool read_plain_section(ConfigReader& reader, std::string_view name, const ConfigNode& table,
                        Configuration& out);
/// Reads one of the sections that are lists of tables; false when `name` is none of them.
bool read_list_section(ConfigReader& reader, std::string_view name, const ConfigNode& list,
                       Configuration& out);

/// Reads the [[sources.channels]] of a source.
void read_manual_channels(ConfigReader& reader, const ConfigNode& list, SourceConfig& out);
/// Reads one of [[edits]].
EditConfig read_edit(ConfigReader& reader, const ConfigNode& item);

/// Reads [wasm_plugins]; plain_sections() has its keys.
void read_plugin_section(ConfigReader& reader, const ConfigNode& table,
                         plugins::PluginSettings& out);

/// Reads one of the sections of `serve`; false when `name` is none of them.
bool read_service_section(ConfigReader& reader, std::string_view name, const ConfigNode& table,
                          Configuration& out);

std::vector<SectionKeys> plain_sections();
std::vector<SectionKeys> service_sections();
SectionKeys edit_section();
/// The keys of [[sources.channels]].
SectionKeys manual_channel_section();
SectionKeys plugin_section();
/// The keys of [wasm_plugins.plugins.NAME].
SectionKeys plugin_override_section();
std::vector<SectionKeys> list_sections();

/// Seconds of an EPG source's `time_offset`: "+1h30m", "-45m", "2h", "0"; h ≤ 23, m and s ≤ 59.
/// Error: kInvalidArgument.
Result<std::int64_t> parse_time_offset(std::string_view text);

}  // namespace m3u_proxy::config
