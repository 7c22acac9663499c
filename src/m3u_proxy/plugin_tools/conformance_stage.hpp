// The rules of the ABI that are about a stage: what a plugin makes of chunks.
#pragma once

#include <m3u_proxy/plugin_tools/conformance.hpp>

namespace m3u_proxy::plugin_tools {

/// Checks a plugin that starts and says `info` in one of its stages; appends to `verdicts`.
void check_stage(Workbench& bench, plugins::PluginStage stage, const plugins::PluginInfo& info,
                 const std::optional<std::filesystem::path>& input, std::vector<Verdict>& verdicts);

}  // namespace m3u_proxy::plugin_tools
