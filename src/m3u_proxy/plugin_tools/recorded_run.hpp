// RecordedRun: all that a plugin answered in one generation, verified, to compare with another's.
#pragma once

#include <string>
#include <vector>

#include <m3u_proxy/plugin_tools/stage_samples.hpp>
#include <m3u_proxy/plugin_tools/workbench.hpp>

namespace m3u_proxy::plugin_tools {

struct RecordedRun {
  Chunks answers;
  bool chunk_answered = false;     ///< m3u_process_chunk gave something
  bool finalize_answered = false;  ///< m3u_finalize did
};

/// Runs one generation over `chunks`. Errors: of the plugin, kParse when an answer does not verify.
Result<RecordedRun> record_run(Workbench& bench, plugin_host::PluginInstance& instance,
                               plugins::PluginStage stage, const Chunks& chunks);

/// The rows of all answers as text, however they are cut.
std::string rows_of(const RecordedRun& run, plugins::PluginStage stage, memory::SlabPool& slabs);

}  // namespace m3u_proxy::plugin_tools
