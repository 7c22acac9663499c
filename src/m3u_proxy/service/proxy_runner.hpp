// ProxyRunner: a checked configuration at work: it measures and divides the memory, opens the
// sources, each once a run, and generates one proxy after the other.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/config/configuration.hpp>
#include <m3u_proxy/generation/generation.hpp>
#include <m3u_proxy/generation/preview.hpp>
#include <m3u_proxy/generation/stage_plugins.hpp>
#include <m3u_proxy/memory/alerts.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/memory/cleanup.hpp>
#include <m3u_proxy/memory/dynamic_limit.hpp>
#include <m3u_proxy/memory/monitor.hpp>
#include <m3u_proxy/memory/prediction.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>
#include <m3u_proxy/sources/source_store.hpp>
#include <m3u_proxy/spill/spill_space.hpp>

namespace m3u_proxy::plugin_host {
class PluginHost;
}

namespace m3u_proxy::service {

struct RunnerOptions {
  std::filesystem::path out{};        ///< folder of the published files; made when it is missing
  std::filesystem::path cache_dir{};  ///< "" = no cache
  std::size_t threads = 1;
  std::int64_t now = 0;  ///< seconds since 1970
  const CancelToken* cancel = nullptr;
  pipeline::ProgressListener* progress = nullptr;  ///< may be nullptr
  memory::AlertListener* alerts = nullptr;         ///< may be nullptr
  /// The program m3u-proxy, whose child compiles plugins; empty: compiled in this process, which
  /// takes 18 MB more the first time.
  std::filesystem::path plugin_compiler{};
};

class ProxyRunner {
 public:
  ~ProxyRunner();
  ProxyRunner(const ProxyRunner&) = delete;
  ProxyRunner& operator=(const ProxyRunner&) = delete;

  /// `configuration` must outlive the runner. Errors: kOverBudget when the memory limit is below
  /// what the smallest job needs, with the least that works; kIo when `options.out` cannot be
  /// made; kConfig when the spill folder that was named cannot be used.
  static Result<std::unique_ptr<ProxyRunner>> create(const config::Configuration& configuration,
                                                     RunnerOptions options);

  /// Generates and publishes one of the configuration's proxies. Errors: as generation::generate().
  Result<generation::GenerationStats> generate(const config::ProxyConfig& proxy);
  /// The same for a proxy whose sources open through this runner; `size` is for the prediction.
  Result<generation::GenerationStats> generate(const generation::ResolvedProxyConfig& resolved,
                                               const generation::OutputPaths& outputs,
                                               const memory::RunSize& size = {});
  /// Shows what one proxy's filters and rules do to its first channels.
  Result<generation::PreviewResult> preview(const config::ProxyConfig& proxy, std::size_t limit);
  /// The same for the programmes of its EPG sources.
  Result<generation::PreviewResult> preview_programmes(const config::ProxyConfig& proxy,
                                                       std::size_t limit);

  /// What one of the configuration's proxies needs. It may be used while this runner lives.
  /// Error: kConfig.
  Result<generation::ResolvedProxyConfig> resolve(const config::ProxyConfig& proxy);
  channels::PlaylistSource playlist_source(const config::SourceConfig& source);
  guide::GuideSource guide_source(const config::SourceConfig& source, guide::GuideMatch match);
  /// Where a proxy's files are published.
  [[nodiscard]] generation::OutputPaths outputs(const std::string& proxy_name) const;
  /// Begins a new run at `now`: what was downloaded before is downloaded again.
  void begin_run(std::int64_t now);
  /// Removes what waits on disk; begin_run() follows before the next generation.
  void end_run();
  /// Follows a `memory_cleanup` of the configuration that has changed.
  void configure_cleanup();
  memory::Budget& budget() { return budget_; }

 private:
  ProxyRunner(const config::Configuration& configuration, RunnerOptions options);
  Result<> set_memory_limit();
  Result<> make_plugin_host();
  Result<std::unique_ptr<generation::StagePlugins>> begin_plugins();
  std::vector<memory::PluginGrowth> plugin_growth();
  void prepare_memory_services();
  Result<generation::GenerationStats> generate_within(
      const generation::ResolvedProxyConfig& resolved, const generation::OutputPaths& outputs,
      memory::MemoryPressureLevel begin_at, const pipeline::WorkEstimate& expected);
  generation::GenerationServices services(memory::MemoryPressureLevel begin_at,
                                          const pipeline::WorkEstimate& expected);
  /// Where the counters stand that go on over several generations.
  struct MemoryCounters {
    memory::CleanupSummary cleanups;
    memory::PoolStats pools;
    std::size_t limit_changes = 0;
  };
  [[nodiscard]] MemoryCounters memory_counters() const;
  void fill_memory_report(const MemoryCounters& before, generation::GenerationStats& stats);
  /// Refuses a download that is plainly no playlist or guide, so that it is never kept as good.
  Result<> check_download(std::unique_ptr<io::ByteSource> bytes);
  [[nodiscard]] Result<> prepare_folders() const;
  Result<io::TempFolder*> temp_folder();
  Result<> check_spill_folder();
  void add_origins(const std::string& proxy_name, generation::GenerationStats& stats) const;
  [[nodiscard]] std::filesystem::path spill_folder() const;
  [[nodiscard]] pipeline::RunContext context();

  const config::Configuration& configuration_;
  RunnerOptions options_;
  Bytes fixed_{};               ///< what the process takes before any work
  std::optional<Bytes> limit_;  ///< of the process; none: no limit
  Bytes least_{};               ///< the lowest limit with which this job works
  memory::Budget budget_;
  memory::SlabPool slabs_;
  std::unique_ptr<plugin_host::PluginHost> plugin_host_;  ///< nullptr: plugins are not enabled
  std::unique_ptr<memory::SimpleMemoryMonitor> monitor_;
  std::unique_ptr<memory::MemoryCleanupCoordinator> cleanup_;
  std::unique_ptr<memory::DynamicLimit> dynamic_limit_;  ///< only with "auto"
  std::unique_ptr<spill::SpillSpace> spill_;
  std::unique_ptr<io::TempFolder> temp_folder_;  ///< where the spill folder would be in memory
  std::unique_ptr<sources::SourceStore> store_;
  std::map<std::string, sources::SourceInfo> origins_;  ///< of opened sources, by kind and name
};

/// The least memory that a run of any size needs above the process itself: with less and smaller
/// live batches it takes longer.
Bytes least_working_memory();

}  // namespace m3u_proxy::service
