// Generation: one run of the pipeline for one proxy, from its sources to its published files.
#pragma once

#include <optional>

#include <m3u_proxy/memory/cleanup.hpp>
#include <m3u_proxy/memory/monitor.hpp>
#include <m3u_proxy/pipeline/proxy_config.hpp>
#include <m3u_proxy/pipeline/report.hpp>
#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::pipeline {

/// What watches and cleans memory during a generation, besides the shared run context.
struct GenerationServices {
  memory::SimpleMemoryMonitor* monitor = nullptr;
  memory::MemoryCleanupCoordinator* cleanup = nullptr;
  bool cleanup_between_stages = true;
  /// nullopt: chosen by pressure (Optimal: Basic; Moderate and High: Smart; above: Aggressive).
  std::optional<memory::CleanupStrategy> cleanup_strategy{};
  /// Resident size of the process before any work: code, libraries, stacks.
  Bytes fixed_overhead{};
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
  std::uint64_t matched = 0;             ///< kept by the filters or changed by the rules
  std::vector<PreviewChannel> channels;  ///< the first `limit` of them
};

/// Loads the sources and applies the same compiled filters and rules as generate(), for show.
Result<PreviewResult> preview(const ResolvedProxyConfig& config, const RunContext& context,
                              std::size_t limit);

}  // namespace m3u_proxy::pipeline
