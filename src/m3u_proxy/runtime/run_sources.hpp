// RunSources: the sources of one run: each is downloaded once a run, however often it is read, and
// what the provider did is remembered for the report.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/config/configuration.hpp>
#include <m3u_proxy/generation/generation_stats.hpp>
#include <m3u_proxy/generation/proxy_config.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/runtime/process.hpp>
#include <m3u_proxy/sources/source_store.hpp>
#include <m3u_proxy/spill/spill_space.hpp>

namespace m3u_proxy::runtime {

/// How often a generation reads a guide: twice where it is matched by more than its ids as they
/// are. What can be read only once is kept for that.
enum class GuideReads : std::uint8_t { kOnce, kTwice };

/// Thread-safe, begin() and end() apart.
class RunSources {
 public:
  /// `process` and `spill` outlive this; `cancel` may be nullptr. `cache_dir` "" = no cache.
  /// `several_readers`: more than one generation of the run may read a source.
  /// `fetch`: how downloads are made. `folders`: where files may be read; nullptr: anywhere.
  RunSources(Process& process, std::filesystem::path cache_dir, const CancelToken* cancel,
             bool several_readers, net::FetchOptions fetch,
             std::shared_ptr<const io::FolderGuard> folders);

  /// What was downloaded before is downloaded again.
  void begin(spill::SpillSpace& spill);
  /// Gives up what was downloaded. begin() follows before anything is opened.
  void end();

  /// What a generation opens; it may be used while this lives.
  channels::PlaylistSource playlist(const config::SourceConfig& source);
  guide::EpgSource guide(const config::SourceConfig& source, GuideReads reads);

  /// The bytes of a source as they come, whatever they are. Errors: of the source, also where a
  /// kept copy would take the place of what failed. `on_progress` is told while it is fetched; may
  /// be empty.
  Result<std::unique_ptr<io::ByteSource>> stored(
      const config::SourceConfig& source, bool is_guide,
      std::function<void(const sources::FetchProgress&)> on_progress);

  /// Adds what the provider did to what the pipeline saw.
  void add_origins(const std::string& proxy_name, generation::GenerationStats& stats) const;
  /// Bytes in temporary files since begin().
  [[nodiscard]] std::uint64_t spilled_bytes() const { return store_->spilled_bytes(); }

 private:
  using Reads = sources::SourceRequest::Reads;
  /// The bytes as they are stored, and after them the error for which they are not all.
  Result<std::unique_ptr<io::ByteSource>> open(std::string_view kind,
                                               const config::SourceConfig& source, Reads reads,
                                               std::shared_ptr<ProblemLog> problems = nullptr);
  Result<std::unique_ptr<io::ByteSource>> open_stored(std::string_view kind,
                                                      const config::SourceConfig& source,
                                                      sources::SourceRequest request,
                                                      std::shared_ptr<ProblemLog> problems);
  Result<io::TempFolder*> temp_folder();
  [[nodiscard]] sources::SourceInfo origin_of(std::string_view kind, const std::string& name) const;

  Process& process_;
  std::filesystem::path cache_dir_;
  const CancelToken* cancel_;
  bool several_readers_;
  net::FetchOptions fetch_;
  std::shared_ptr<const io::FolderGuard> folders_;
  spill::SpillSpace* spill_ = nullptr;
  std::unique_ptr<io::TempFolder> temp_folder_;  ///< where the spill folder would be in memory
  std::unique_ptr<sources::SourceStore> store_;
  mutable std::mutex mutex_;                            // of what follows
  std::map<std::string, sources::SourceInfo> origins_;  ///< of opened sources, by kind and name
};

}  // namespace m3u_proxy::runtime
