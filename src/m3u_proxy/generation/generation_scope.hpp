// GenerationScope: what the parts of one generation share: what they were given, and what follows
// its memory, its time and its progress.
#pragma once

#include <m3u_proxy/generation/generation.hpp>
#include <m3u_proxy/generation/stage_strategies.hpp>
#include <m3u_proxy/pipeline/pressure_watch.hpp>
#include <m3u_proxy/pipeline/progress.hpp>
#include <m3u_proxy/pipeline/stage_clock.hpp>

namespace m3u_proxy::generation {

/// As thread-safe as its members are.
struct GenerationScope {
  /// All of these live longer.
  GenerationScope(const ResolvedProxyConfig& proxy, Publisher& files,
                  const pipeline::RunContext& run, const GenerationServices& given)
      : config(proxy),
        publisher(files),
        services(given),
        context(with_watch(run, watch)),
        watch(context, given.watch),
        progress(run.progress) {}
  GenerationScope(const GenerationScope&) = delete;
  GenerationScope& operator=(const GenerationScope&) = delete;

  [[nodiscard]] bool has_lineup() const { return services.lineup != nullptr; }

  const ResolvedProxyConfig& config;
  Publisher& publisher;
  const GenerationServices& services;
  const pipeline::RunContext context;
  pipeline::PressureWatch watch;
  pipeline::StageClock clock;
  pipeline::Progress progress;
  StageStrategies strategies;

 private:
  static pipeline::RunContext with_watch(pipeline::RunContext run, pipeline::PressureWatch& watch) {
    run.watch = &watch;
    return run;
  }
};

}  // namespace m3u_proxy::generation
