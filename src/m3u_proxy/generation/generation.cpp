#include <m3u_proxy/generation/generation.hpp>
#include <m3u_proxy/generation/generation_scope.hpp>
#include <m3u_proxy/generation/guide_pass.hpp>
#include <m3u_proxy/generation/load_pass.hpp>
#include <m3u_proxy/generation/stage_observer.hpp>
#include <m3u_proxy/generation/stage_options.hpp>
#include <m3u_proxy/generation/stats_collector.hpp>
#include <m3u_proxy/generation/write_pass.hpp>
#include <m3u_proxy/memory/guarded.hpp>

namespace m3u_proxy::generation {
namespace {

/// One run for one proxy: its parts, in the order they come to be.
class Generation {
 public:
  Generation(const ResolvedProxyConfig& config, Publisher& publisher,
             const pipeline::RunContext& context, const GenerationServices& services)
      : scope_(config, publisher, context, services),
        collector_(scope_),
        observer_(scope_),
        load_(scope_),
        guide_(scope_, load_),
        write_(scope_, load_, guide_) {}

  Result<GenerationStats> run() {
    M3U_CHECK(collector_.begin());
    scope_.watch.begin_at(scope_.services.begin_at);
    M3U_CHECK(scope_.publisher.begin());
    M3U_CHECK(begin_plugins());
    M3U_CHECK(load_.run(observer_));
    M3U_CHECK(write_.run(observer_));
    M3U_CHECK(guide_.run(observer_));
    if (StagePlugins* const plugins = scope_.strategies.plugins()) plugins->finish();
    M3U_TRY(const auto waited_for_disk, publish());
    GenerationStats stats = collector_.collect(
        {.load = load_, .write = write_, .guide = guide_, .stages = observer_}, waited_for_disk);
    if (scope_.services.watch.cleanup != nullptr) scope_.services.watch.cleanup->log_summary();
    return stats;
  }

 private:
  Result<> begin_plugins() {
    return scope_.strategies.begin(
        scope_.config, {.context = &scope_.context,
                        .proxy = scope_.config.name,
                        .sources = load_.sources(),
                        .epg_sources = scope_.config.epg_sources,
                        .with_ids = needs_channel_ids(scope_.config) || scope_.has_lineup()});
  }

  Result<std::chrono::nanoseconds> publish() {
    if (scope_.context.cancel->cancelled())
      return fail(ErrorCode::kCancelled, "stopped on request");
    return scope_.publisher.commit({.compress = scope_.config.compress,
                                    .has_epg_sources = !guide_.result().sources.empty(),
                                    .slabs = scope_.context.slabs,
                                    .cancel = scope_.context.cancel});
  }

  GenerationScope scope_;
  StatsCollector collector_;
  StageObserver observer_;
  LoadPass load_;
  GuidePass guide_;
  WritePass write_;
};

}  // namespace

Result<GenerationStats> generate(const ResolvedProxyConfig& config, Publisher& publisher,
                                 const pipeline::RunContext& context,
                                 const GenerationServices& services) {
  return memory::guarded([&] { return Generation(config, publisher, context, services).run(); });
}

}  // namespace m3u_proxy::generation
