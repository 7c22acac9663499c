// Running a plugin alone: what it makes of a file, as the native writer would write it.
#pragma once

#include <memory>

#include <m3u_proxy/plugin_tools/workbench.hpp>

namespace m3u_proxy::plugin_tools {

/// Runs one generation of `stage` over `input` and writes the playlist, for epg the guide, that
/// comes out; gives the parts that could not be written. Errors: of the plugin (also of a frame
/// that does not verify), of `input`, of `out`.
Result<ProblemLog> run_alone(Workbench& bench, plugins::PluginStage stage,
                             std::unique_ptr<io::ByteSource> input, io::ByteSink& out);

}  // namespace m3u_proxy::plugin_tools
