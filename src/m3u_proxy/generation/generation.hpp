// Generation: one run of the pipeline for one proxy, from its sources to its published files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>

#include <m3u_proxy/generation/generation_stats.hpp>
#include <m3u_proxy/generation/lineup.hpp>
#include <m3u_proxy/generation/proxy_config.hpp>
#include <m3u_proxy/generation/publisher.hpp>
#include <m3u_proxy/memory/monitor.hpp>
#include <m3u_proxy/memory/prediction.hpp>
#include <m3u_proxy/pipeline/pressure_watch.hpp>
#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::generation {

/// What watches and cleans memory during a generation, besides the shared run context.
struct GenerationServices {
  pipeline::PressureWatchOptions watch{};
  memory::SimpleMemoryMonitor* monitor = nullptr;  ///< of this run; may be nullptr
  LineupSink* lineup = nullptr;                    ///< hears of the channels; may be nullptr
  bool cleanup_between_stages = true;
  /// The level of pressure that earlier runs suggest.
  memory::MemoryPressureLevel begin_at = memory::MemoryPressureLevel::kOptimal;
  /// Where programmes wait on disk, where context.spill gives no folder.
  std::filesystem::path spill_folder{};
  pipeline::WorkEstimate expected{};  ///< of the playlists; 0: not known
  /// In the guide that was published last; nullopt: not known.
  std::optional<std::uint64_t> last_guide_programmes{};
  /// Peaks that earlier runs suggest, by stage: what Smart cleanup makes room for.
  std::span<const memory::StagePeak> expected_peaks{};
};

/// Runs all stages and publishes the files through `publisher`. Nothing is replaced unless it
/// succeeds. Errors: kParse/kIo/kNetwork when every source failed (the message names each),
/// kOverBudget, kCancelled, kIo on writing.
Result<GenerationStats> generate(const ResolvedProxyConfig& config, Publisher& publisher,
                                 const pipeline::RunContext& context,
                                 const GenerationServices& services);

}  // namespace m3u_proxy::generation
