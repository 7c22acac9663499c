// PluginView: a plugin as people see it: what it says of itself, whether it runs, what it took.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/plugins/manifest.hpp>
#include <m3u_proxy/plugins/plugin_settings.hpp>

namespace m3u_proxy::plugins {

enum class PluginState : std::uint8_t {
  kReady,
  kQuarantined,  ///< it failed too often
  kDisabled,     ///< by the operator
  kUnusable,     ///< it cannot be loaded
};
inline constexpr std::array<std::string_view, 4> kPluginStateNames = {"ready", "quarantined",
                                                                      "disabled", "unusable"};
std::string_view to_string(PluginState state);

/// What a plugin did in one stage, since the process began.
struct StageProfile {
  std::string stage{};
  std::uint64_t generations = 0;
  std::uint64_t calls = 0;  ///< chunks
  std::uint64_t items_in = 0;
  std::uint64_t items_out = 0;
  std::uint64_t failures = 0;
  std::uint64_t replaced = 0;  ///< chunks that the native strategy did instead
  double seconds = 0;          ///< in its calls
  double peak_mb = 0;          ///< of its instances together
  std::string last_failure{};
};

struct PluginView {
  std::string name{};  ///< of a manifest that cannot be read: the file's
  std::filesystem::path file{};
  PluginState state = PluginState::kReady;
  /// Why it is not ready, or why its changed files were not taken; empty: neither.
  std::string error{};
  std::optional<Manifest> manifest{};
  std::optional<PluginInfo> info{};  ///< of what is loaded
  Permissions permissions{};         ///< those that it has
  OnFailure on_failure = OnFailure::kFail;
  std::uint64_t limit_mb = 0;
  std::vector<StageProfile> profile{};  ///< by stage
};

/// What came of looking at all files again.
struct PluginReload {
  struct Failure {
    std::string file{};
    std::string message{};
    bool kept = false;  ///< the one that was loaded before goes on
  };
  std::vector<std::string> loaded{};
  std::vector<std::string> removed{};
  std::vector<std::string> unchanged{};
  std::vector<Failure> failed{};
};

}  // namespace m3u_proxy::plugins
