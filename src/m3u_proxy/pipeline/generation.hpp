// Generation: one run of the pipeline for one proxy, from its sources to its published files.
#pragma once

#include <m3u_proxy/pipeline/proxy_config.hpp>
#include <m3u_proxy/pipeline/report.hpp>
#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::memory {
class SimpleMemoryMonitor;
class MemoryCleanupCoordinator;
}  // namespace m3u_proxy::memory

namespace m3u_proxy::pipeline {

/// The services a generation works with besides the shared run context.
struct GenerationServices {
  memory::SimpleMemoryMonitor* monitor = nullptr;
  memory::MemoryCleanupCoordinator* cleanup = nullptr;
};

/// Runs all stages and publishes the files. Nothing is replaced unless it succeeds.
/// Errors: kParse/kIo/kNetwork when every source failed (the message names each), kOverBudget,
/// kCancelled, kIo on writing.
Result<GenerationStats> generate(const ResolvedProxyConfig& config, const OutputPaths& outputs,
                                 const RunContext& context, const GenerationServices& services);

/// One channel as `test-expression` shows it.
struct PreviewChannel {
  std::string source;
  std::string channel_name;
  std::string group_title;
  std::vector<std::pair<std::string, std::string>> before;  ///< fields the rules changed
  std::vector<std::pair<std::string, std::string>> after;
};

struct PreviewResult {
  std::uint64_t evaluated = 0;
  std::uint64_t matched = 0;  ///< kept by the filters or changed by the rules
  std::vector<PreviewChannel> channels;  ///< the first `limit` of them
};

/// Loads the sources and applies the same compiled filters and rules as generate(), for show.
Result<PreviewResult> preview(const ResolvedProxyConfig& config, const RunContext& context,
                              std::size_t limit);

}  // namespace m3u_proxy::pipeline
