// Configuration: what a configuration file, the environment and the command line say together,
// checked, with the defaults filled in. Plain values; see docs/configuration.md for every key.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/catalog/fields.hpp>
#include <m3u_proxy/config/manual_channel.hpp>
#include <m3u_proxy/config/named.hpp>
#include <m3u_proxy/config/service_config.hpp>
#include <m3u_proxy/generation/proxy_config.hpp>
#include <m3u_proxy/memory/memory_config.hpp>
#include <m3u_proxy/plugins/plugin_settings.hpp>
#include <m3u_proxy/rules/filter_set.hpp>

namespace m3u_proxy::config {

using memory::CleanupChoice;
using memory::MemoryCleanupConfig;
using memory::MemoryLimitSetting;
using memory::MemoryMonitoringConfig;
using memory::MemoryPoolConfig;
using memory::PressureThresholds;
using memory::UseCase;

/// [proxy_memory]
struct ProxyMemoryConfig {
  MemoryLimitSetting max_memory_mb;
  std::uint32_t batch_size = 1000;
  std::uint32_t memory_check_interval = 100;
  double warning_threshold = 0.8;
  CleanupChoice cleanup_strategy = CleanupChoice::kAuto;
  std::optional<UseCase> use_case{};  ///< decides where cleanup_strategy is auto
  PressureThresholds pressure_thresholds = PressureThresholds::kPercent;
  std::string spill_dir;
  std::uint64_t max_spill_mb = 0;
  std::uint64_t max_download_mb = 4096;  ///< of each download; 0: no bound
};

/// One of [[sources]] or [[epg_sources]].
struct SourceConfig {
  Named name;
  std::optional<Uuid> id{};  ///< given when it was made; none: that of its name
  std::string location;      ///< a path, a URL, or "-" for standard input; "" of `channels`
  std::vector<ManualChannel> channels{};  ///< written down, in place of a location
  std::string encoding;                   ///< "" = found out
  std::string plugin;                     ///< the plugin that reads it; "" = we do
  std::string user_agent;
  std::string refresh;  ///< of the service: an interval, a cron expression, "manual"; "" = its own
  std::vector<std::pair<std::string, std::string>> headers;
  std::int64_t time_offset_seconds = 0;  ///< of an EPG source
  std::string shown_as;  ///< where it really comes from, when `location` is a copy; "" = there

  /// For messages and for what rules see of it.
  [[nodiscard]] const std::string& address() const {
    return shown_as.empty() ? location : shown_as;
  }
};

/// One of [[filters]] or [[rules]].
struct ExpressionConfig {
  Named name;
  catalog::Domain applies_to = catalog::Domain::kChannels;
  rules::FilterAction action = rules::FilterAction::kInclude;  ///< of a filter
  std::string expression;
  Where where{};  ///< where the expression's text begins
};

/// One of [[proxies]].
struct ProxyConfig {
  Named name;
  std::vector<Named> sources;
  std::vector<Named> epg_sources;
  std::vector<Named> filters;
  std::vector<Named> rules;
  std::uint32_t starting_channel_number = 1;
  channels::NumberingMode numbering = channels::NumberingMode::kPreserve;
  std::vector<channels::NumberRange> ranges;
  std::vector<channels::ChannelSortField> sort;
  generation::UrlMode mode = generation::UrlMode::kDirect;
  generation::NameStyle name_style = generation::NameStyle::kPlain;
  bool fill_tvg_id = false;
  bool compress = false;
  bool cache_logos = false;
  bool use_playlist_guides = false;
  std::string base_url;
  guide::GuideOptions guide;
  std::optional<double> max_shrink;
  bool allow_empty = false;
  bool is_public = false;  ///< served under its name, without a token
};

/// One of [[edits]].
struct EditConfig {
  Where where{};
  Named proxy{};  ///< "" = every proxy
  edits::ChannelEdit edit{};
};

struct Configuration {
  ProxyMemoryConfig proxy_memory;
  MemoryCleanupConfig memory_cleanup;
  MemoryMonitoringConfig memory_monitoring;
  MemoryPoolConfig memory_pools;
  plugins::PluginSettings wasm_plugins;
  ServiceConfig service;
  DatabaseConfig database;
  HttpConfig http;
  LoginConfig login;
  AlertsConfig alerts;
  std::vector<SourceConfig> sources;
  std::vector<SourceConfig> epg_sources;
  std::vector<ExpressionConfig> filters;
  std::vector<ExpressionConfig> rules;
  std::vector<ProxyConfig> proxies;
  std::vector<EditConfig> edits;
  /// Keys that were given and that this version accepts without acting on them.
  std::vector<std::string> not_acted_on;
};

/// One mistake: the message with its place and remedy, and the lines that show it.
struct ConfigProblem {
  Error error;
  std::string display{};  ///< such as the expression with a caret; empty: none
};

/// `file:line:column: message (remedy)`, then the display on lines of its own.
std::string to_string(const ConfigProblem& problem);

}  // namespace m3u_proxy::config
