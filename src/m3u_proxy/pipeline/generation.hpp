// Generation: one run of the pipeline for one proxy, from its sources to its published files.
#pragma once

#include <optional>

#include <m3u_proxy/memory/cleanup.hpp>
#include <m3u_proxy/memory/dynamic_limit.hpp>
#include <m3u_proxy/memory/monitor.hpp>
#include <m3u_proxy/pipeline/proxy_config.hpp>
#include <m3u_proxy/pipeline/report.hpp>
#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::pipeline {

/// What watches and cleans memory during a generation, besides the shared run context.
struct GenerationServices {
  memory::SimpleMemoryMonitor* monitor = nullptr;
  memory::MemoryCleanupCoordinator* cleanup = nullptr;
  memory::DynamicLimit* dynamic_limit = nullptr;  ///< follows the system while a pass runs
  /// Pressure is measured against these too; all 0: only against the limit.
  memory::MemoryThresholds system_thresholds{};
  std::uint32_t memory_check_interval = 1;  ///< channels between two looks at memory, at least
  bool cleanup_between_stages = true;
  /// The level of pressure that earlier runs let expect.
  memory::MemoryPressureLevel begin_at = memory::MemoryPressureLevel::kOptimal;
  /// Never less careful than at this level.
  memory::MemoryPressureLevel least_level = memory::MemoryPressureLevel::kOptimal;
  WorkEstimate expected{};  ///< of the playlists; 0: not known
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

}  // namespace m3u_proxy::pipeline
