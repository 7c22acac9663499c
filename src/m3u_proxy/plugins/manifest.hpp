// Manifest and PluginInfo: what a plugin says of itself, in the TOML file beside its module and
// through m3u_info.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/config_node.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/plugins/plugin_settings.hpp>

namespace m3u_proxy::plugins {

/// Where a plugin is beside the native strategy of its stage.
enum class Position : std::uint8_t { kInstead, kBefore, kAfter };
inline constexpr std::array<std::string_view, 3> kPositionNames = {"instead", "before", "after"};
std::string_view to_string(Position position);

/// Longest name of a plugin, in bytes.
constexpr std::size_t kMaxPluginName = 64;
/// 1 to kMaxPluginName letters, digits, '-' and '_'.
bool is_plugin_name(std::string_view name);

struct Manifest {
  std::string name;
  std::string version;
  std::filesystem::path file;  ///< the manifest itself
  std::filesystem::path wasm;  ///< absolute, or as `file` is; never outside the manifest's folder
  std::vector<PluginStage> stages;
  Position position = Position::kAfter;
  bool parallel = false;
  bool equivalent_to_native = false;
  std::optional<OnFailure> on_failure{};  ///< as the manifest says; nothing: fail
  Permissions needs;
  std::string config_json = "{}";
};

/// Reads a manifest's text; `file` is for messages and for the module's path. Errors: kConfig with
/// line and column, naming key and remedy.
Result<Manifest> parse_manifest(std::string_view text, const std::filesystem::path& file);
/// The same from a file; up to 64 KB. `file` may name the .wasm: its manifest is beside it.
/// Errors: also kNotFound, kIo.
Result<Manifest> read_manifest(const std::filesystem::path& file);

/// The manifests of a folder: its *.toml, by name. Errors: kNotFound, kIo.
Result<std::vector<std::filesystem::path>> find_manifests(const std::filesystem::path& folder);

struct MemoryRequirements {
  std::uint64_t min_heap_mb = 0;
  std::uint64_t max_heap_mb = 0;
  bool supports_streaming = false;
  bool supports_compression = false;
};

struct PluginInfo {
  std::string name;
  std::string version;
  std::string author;
  std::string description;
  std::string license;
  std::vector<PluginStage> supported_stages;
  MemoryRequirements memory_requirements;
};

/// Reads what m3u_info gave, up to 64 KB: name, version, supported_stages and memory_requirements
/// are required; a size that is missing is 0, a flag false. Error: kParse, naming what is wrong.
Result<PluginInfo> parse_info(std::string_view json);

/// A table of a configuration as a JSON object; dates become text. Error: kConfig with the place of
/// a number that JSON can't say (inf, nan).
Result<std::string> config_to_json(const ConfigNode& table);

/// `base` with the members of `over` in place of its own; both JSON objects, or empty. Error:
/// kConfig.
Result<std::string> merge_config(std::string_view base, std::string_view over);

}  // namespace m3u_proxy::plugins
