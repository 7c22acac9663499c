// PluginSettings: [wasm_plugins] of the configuration. Plain values; see docs/configuration.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/pipeline/strategy_selector.hpp>

namespace m3u_proxy::plugins {

/// Where a plugin can work, in the order of a generation.
enum class PluginStage : std::uint8_t {
  kSourceLoading,
  kDataMapping,
  kFiltering,
  kChannelNumbering,
  kM3uGeneration,
  kEpg,
};
constexpr std::size_t kPluginStageCount = 6;
inline constexpr std::array<std::string_view, kPluginStageCount> kPluginStageNames = {
    "source_loading", "data_mapping", "filtering", "channel_numbering", "m3u_generation", "epg"};
std::string_view to_string(PluginStage stage);
std::optional<PluginStage> find_stage(std::string_view name);

/// What a plugin may ask of the host; see docs/plugin-abi.md.
enum class Permission : std::uint8_t {
  kLog,
  kMemoryUsage,
  kMemoryPressure,
  kRequestCleanup,
  kTempFiles,
  kRecordMetric,
  kGetConfig,
  kClock,
  kRandom,
};
constexpr std::size_t kPermissionCount = 9;
inline constexpr std::array<std::string_view, kPermissionCount> kPermissionNames = {
    "log",           "memory_usage", "memory_pressure", "request_cleanup", "temp_files",
    "record_metric", "get_config",   "clock",           "random"};
std::string_view to_string(Permission permission);

/// A set of permissions.
class Permissions {
 public:
  constexpr void add(Permission permission) { bits_ |= bit(permission); }
  [[nodiscard]] constexpr bool has(Permission permission) const {
    return (bits_ & bit(permission)) != 0;
  }
  friend constexpr Permissions operator&(Permissions a, Permissions b) {
    a.bits_ &= b.bits_;
    return a;
  }
  bool operator==(const Permissions&) const = default;

 private:
  static constexpr std::uint32_t bit(Permission permission) {
    return 1U << static_cast<unsigned>(permission);
  }
  std::uint32_t bits_ = 0;
};
/// What is allowed unless the operator says otherwise: everything but clock and random.
Permissions default_permissions();

enum class OnFailure : std::uint8_t { kFail, kNative };
inline constexpr std::array<std::string_view, 2> kOnFailureNames = {"fail", "native"};
std::string_view to_string(OnFailure on_failure);

/// [wasm_plugins.plugins.NAME]: what the operator says about one plugin.
struct PluginOverride {
  std::string name;
  bool enabled = true;
  std::optional<OnFailure> on_failure{};  ///< instead of the manifest's
  std::optional<Permissions> allow{};     ///< instead of [wasm_plugins] allow
  std::string config_json{};              ///< a JSON object, merged over the manifest's; "" = none
};

struct PluginSettings {
  bool enabled = false;
  std::string plugin_directory = "plugins";
  std::uint64_t max_memory_per_plugin = 64;  ///< MB
  std::uint64_t timeout_seconds = 30;        ///< of all calls of one plugin in one stage
  std::uint64_t chunk_timeout_seconds = 5;   ///< of one call
  std::uint32_t max_plugin_failures = 3;     ///< then it is quarantined; 0: never
  bool enable_hot_reload = true;
  std::uint64_t max_temp_mb = 1024;  ///< temporary files of one plugin
  pipeline::SelectionCriteria selection_criteria = pipeline::SelectionCriteria::kConfigured;
  bool prefer_streaming_plugins = false;
  bool fallback_to_native = false;  ///< on_failure = "native" for all that do not say
  std::string cache_directory;      ///< "" = the user's cache folder
  Permissions allow = default_permissions();
  /// Names in the order in which they work in a stage; the others follow by name.
  std::array<std::vector<std::string>, kPluginStageCount> order{};
  std::vector<PluginOverride> plugins;
};

}  // namespace m3u_proxy::plugins
