// Generation: one run of the pipeline for one proxy, from its sources to its published files.
#pragma once

#include <m3u_proxy/generation/generation_stats.hpp>
#include <m3u_proxy/generation/proxy_config.hpp>
#include <m3u_proxy/pipeline/pressure_watch.hpp>
#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::generation {

/// What watches and cleans memory during a generation, besides the shared run context.
struct GenerationServices {
  pipeline::PressureWatchOptions watch{};
  bool cleanup_between_stages = true;
  /// The level of pressure that earlier runs let expect.
  memory::MemoryPressureLevel begin_at = memory::MemoryPressureLevel::kOptimal;
  pipeline::WorkEstimate expected{};  ///< of the playlists; 0: not known
};

/// Runs all stages and publishes the files. Nothing is replaced unless it succeeds.
/// Errors: kParse/kIo/kNetwork when every source failed (the message names each), kOverBudget,
/// kCancelled, kIo on writing.
Result<GenerationStats> generate(const ResolvedProxyConfig& config, const OutputPaths& outputs,
                                 const pipeline::RunContext& context,
                                 const GenerationServices& services);

}  // namespace m3u_proxy::generation
