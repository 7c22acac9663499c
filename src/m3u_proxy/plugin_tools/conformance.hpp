// Conformance: whether a plugin keeps every rule of the ABI (docs/plugin-abi.md), with a verdict a
// rule and what to do about each that it breaks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/plugin_tools/workbench.hpp>

namespace m3u_proxy::plugin_tools {

enum class Outcome : std::uint8_t {
  kOk,
  kFailed,
  kWarning,
  kSkipped,  ///< could not be tried
};

struct Verdict {
  std::string rule;  ///< what is checked, as a statement that holds for a good plugin
  Outcome outcome = Outcome::kOk;
  std::string detail{};  ///< what is wrong, and the remedy
};

struct ConformanceOptions {
  plugin_host::CompileOptions compile{};
  Bytes max_memory = mib(64);
  /// A sample for source_loading, in the plugin's format; a playlist for the other stages. nullopt:
  /// channels that we make.
  std::optional<std::filesystem::path> input{};
};

/// Checks every rule; a rule that needs an earlier one which is broken is left out. The result is
/// never empty.
std::vector<Verdict> check_conformance(const std::filesystem::path& file,
                                       const ConformanceOptions& options);

}  // namespace m3u_proxy::plugin_tools
