// Run: one job under a Process: its sources, each downloaded once, its clock, its cancel token and
// progress, its temporary files, and its own figures of memory. It generates one proxy after the
// other; runs side by side each have a thread of their own.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/generation/explanation.hpp>
#include <m3u_proxy/generation/generation.hpp>
#include <m3u_proxy/generation/guide_channel_list.hpp>
#include <m3u_proxy/generation/lineup.hpp>
#include <m3u_proxy/generation/preview.hpp>
#include <m3u_proxy/generation/publisher.hpp>
#include <m3u_proxy/generation/run_history.hpp>
#include <m3u_proxy/memory/alerts.hpp>
#include <m3u_proxy/memory/cleanup.hpp>
#include <m3u_proxy/memory/prediction.hpp>
#include <m3u_proxy/runtime/process.hpp>
#include <m3u_proxy/runtime/run_sources.hpp>
#include <m3u_proxy/spill/spill_space.hpp>

namespace m3u_proxy::runtime {

struct RunOptions {
  std::filesystem::path cache_dir{};  ///< last good copies of downloads; "" = no cache
  std::size_t threads = 1;
  std::int64_t now = 0;                            ///< seconds since 1970
  const CancelToken* cancel = nullptr;             ///< may be nullptr; outlives the run
  pipeline::ProgressListener* progress = nullptr;  ///< may be nullptr
  memory::AlertListener* alerts = nullptr;         ///< may be nullptr
  /// Whom downloads may connect to; nullptr: anybody.
  std::shared_ptr<const net::AddressGuard> guard{};
  /// Where files may be read; nullptr: anywhere.
  std::shared_ptr<const io::FolderGuard> folders{};
  std::uint64_t max_download = 0;  ///< bytes of each download; 0: no bound
  net::FetchOptions::Beyond beyond_max_download = net::FetchOptions::Beyond::kRefuse;
  /// Told for how long a server asked to be left alone that a download failed with; may be empty.
  std::function<void(std::chrono::seconds wait)> on_retry_after{};
  bool several_readers = false;  ///< several proxies may read one source
  std::size_t batch_rows = 1000;
  std::uint32_t memory_check_interval = 100;  ///< channels between two looks at memory
  /// nullopt: by pressure.
  std::optional<memory::CleanupStrategy> cleanup_strategy{};
  memory::MemoryMonitoringConfig monitoring{};
};

/// What a generation takes besides its configuration.
struct Job {
  generation::Publisher& publisher;
  generation::RunHistoryStore* history = nullptr;  ///< for the prediction; nullptr: none is kept
  generation::LineupSink* lineup = nullptr;        ///< nullptr: nobody asks
  memory::RunSize size{};                          ///< for the prediction
};

/// Not thread-safe: one owner.
class Run {
 public:
  /// `process` outlives the run.
  Run(Process& process, RunOptions options);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// Generates a proxy whose sources open through this run, and publishes it. Errors: as
  /// generation::generate().
  Result<generation::GenerationStats> generate(const generation::ResolvedProxyConfig& proxy,
                                               const Job& job);
  /// Shows what a proxy's filters and rules do to its first channels, and the same for the
  /// programmes or the guide channels of its EPG sources. Errors: as generation::preview().
  Result<generation::PreviewResult> preview(const generation::ResolvedProxyConfig& proxy,
                                            std::size_t limit);
  Result<generation::PreviewResult> preview_programmes(const generation::ResolvedProxyConfig& proxy,
                                                       std::size_t limit);
  Result<generation::PreviewResult> preview_guide_channels(
      const generation::ResolvedProxyConfig& proxy, std::size_t limit);
  /// Tells of every channel of its EPG sources. Errors: as generation::list_guide_channels().
  Result<> list_guide_channels(const generation::ResolvedProxyConfig& proxy,
                               generation::GuideChannelListener& listener);
  /// What becomes of single channels of a proxy. Errors: as generation::explain().
  Result<std::vector<generation::ExplainedChannel>> explain(
      const generation::ResolvedProxyConfig& proxy, const generation::ExplainedParts& parts,
      const generation::ExplainedSubject& subject, std::size_t most);

  /// What its proxies open; see configured.hpp for those of a configuration.
  [[nodiscard]] RunSources& sources() { return sources_; }
  [[nodiscard]] Process& process() { return process_; }
  [[nodiscard]] std::int64_t now() const { return options_.now; }

  /// Begins anew at `now`: what was downloaded before is downloaded again, and `cleanup` holds as
  /// the process has it now.
  void restart(std::int64_t now);
  /// Removes what waits on disk; restart() follows before the next generation.
  void finish();

 private:
  /// What the counters that go on over several generations are at.
  struct Counters {
    memory::CleanupSummary cleanups;
    memory::PoolStats pools;
    std::size_t limit_changes = 0;
    spill::SpillStats spill;
    std::uint64_t downloaded = 0;
    Bytes resident{};
  };
  Result<generation::GenerationStats> generate_within(const generation::ResolvedProxyConfig& proxy,
                                                      const Job& job,
                                                      const generation::GenerationServices& first);
  generation::GenerationServices services(const Job& job, const memory::Prediction& expected,
                                          memory::MemoryPressureLevel begin_at);
  [[nodiscard]] pipeline::RunContext context();
  [[nodiscard]] Counters counters() const;
  void fill_memory_report(const Counters& before, generation::GenerationStats& stats);

  Process& process_;
  RunOptions options_;
  CancelToken never_;
  RunSources sources_;
  std::unique_ptr<spill::SpillSpace> spill_;
  memory::SimpleMemoryMonitor monitor_;
  std::unique_ptr<memory::MemoryCleanupCoordinator> cleanup_;
  bool cleanup_between_stages_ = true;
};

}  // namespace m3u_proxy::runtime
