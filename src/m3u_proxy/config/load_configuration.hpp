// Loading a configuration: defaults, then what is saved, then the file, then the environment, then
// the flags; checked as a whole, with a message for every mistake.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/config_node.hpp>
#include <m3u_proxy/config/configuration.hpp>

namespace m3u_proxy::config {

using Environment = std::map<std::string, std::string>;

/// What the command line says about the configuration.
struct ConfigFlags {
  std::vector<SourceConfig> sources;      ///< of the same name as one in the file: instead of it
  std::vector<SourceConfig> epg_sources;  ///< likewise
  std::vector<ExpressionConfig> filters;  ///< after the file's, in every proxy
  std::vector<ExpressionConfig> rules;    ///< after the file's, in every proxy
  std::optional<std::uint32_t> starting_channel_number;
  std::optional<std::string> base_url;
  std::optional<generation::UrlMode> mode;
  std::optional<guide::GuideMatch> match;
  std::optional<MemoryLimitSetting> memory_limit;
  std::optional<std::uint32_t> batch_size;
  std::optional<std::string> spill_dir;
  std::optional<std::string> listen;
  std::optional<std::string> public_url;
  std::optional<std::string> log_level;
  std::optional<bool> json_log;
};

/// A configuration file's text and what messages call it. Relative paths in it start from
/// `folder`.
struct ConfigDocument {
  std::string text;
  std::string file;
  std::filesystem::path folder;
};

/// Who says the value of a key; each counts more than those before.
enum class SaidBy : std::uint8_t { kDefault, kDatabase, kFile, kEnvironment, kCommandLine };
/// "default", "database" …
std::string_view to_string(SaidBy said_by);

struct LoadedConfiguration {
  Configuration configuration;
  /// Who says the keys of the plain sections, by "section.key"; those that are not here have their
  /// defaults.
  std::map<std::string, SaidBy, std::less<>> said_by;
  std::vector<ConfigProblem> problems;  ///< by file and line; empty: it may be used
  /// What became of each legacy key, with its place; they work.
  std::vector<std::string> warnings;
};

/// Reads a configuration file of at most 16 MB. Errors: kNotFound, kIo, kConfig (too large).
Result<ConfigDocument> read_document(const std::filesystem::path& path);

/// Puts everything together and checks it: types, ranges, names, references and expressions.
/// Without [[proxies]] there is one, called "default", of everything that is configured.
/// `saved`: plain sections that a service keeps in its database; nullptr: there are none. Pure (the
/// environment is passed in) and thread-safe.
LoadedConfiguration load_configuration(const std::optional<ConfigDocument>& document,
                                       const Environment& environment, const ConfigFlags& flags,
                                       const ConfigNode* saved = nullptr);

}  // namespace m3u_proxy::config
