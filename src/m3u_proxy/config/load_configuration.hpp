// Loading a configuration: defaults, then the file, then the environment, then the flags; checked
// as a whole, with a message for every mistake.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
};

/// A configuration file's text and what messages call it. Relative paths in it start from
/// `folder`.
struct ConfigDocument {
  std::string text;
  std::string file;
  std::filesystem::path folder;
};

struct LoadedConfiguration {
  Configuration configuration;
  std::vector<ConfigProblem> problems;  ///< by file and line; empty: it may be used
  /// What became of each legacy key, with its place; they work.
  std::vector<std::string> warnings;
};

/// Reads a configuration file of at most 16 MB. Errors: kNotFound, kIo, kConfig (too large).
Result<ConfigDocument> read_document(const std::filesystem::path& path);

/// Puts everything together and checks it: types, ranges, names, references and expressions.
/// Without [[proxies]] there is one, called "default", of everything that is configured.
/// Pure (the environment is passed in) and thread-safe.
LoadedConfiguration load_configuration(const std::optional<ConfigDocument>& document,
                                       const Environment& environment, const ConfigFlags& flags);

}  // namespace m3u_proxy::config
