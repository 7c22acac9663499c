// StateView: what the store says of sources and proxies and what jobs came to, kept in memory for
// /metrics and /health, which are asked often; and the alerts that follow from it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <m3u_proxy/base/outage.hpp>
#include <m3u_proxy/config/configuration.hpp>
#include <m3u_proxy/generation/generation_stats.hpp>
#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/jobs/workers.hpp>
#include <m3u_proxy/monitoring/alert_center.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::daemon {

struct SourceState {
  std::string name;
  bool is_guide = false;
  std::uint64_t items = 0;
  std::int64_t confirmed = 0;  ///< seconds since 1970; 0: never
  std::int64_t failures = 0;   ///< in a row
  bool quarantined = false;
};

struct ProxyState {
  std::string name;
  std::int64_t number = 0;  ///< of the generation that is served; 0: none
  std::int64_t made = 0;    ///< seconds since 1970
  std::uint64_t channels = 0;
  std::uint64_t programmes = 0;
  bool held = false;
};

/// The last generation of a proxy.
struct GenerationFigures {
  std::string proxy;
  double seconds = 0;
  double peak_bytes = 0;
  double channels_per_mb = 0;
};

struct StageFigures {
  double seconds = 0;
  std::uint64_t items = 0;
};

struct PluginFigures {
  double peak_bytes = 0;  ///< in its last generation
  std::uint64_t failures = 0;
};

/// Sums since the start, but where it says otherwise.
struct Figures {
  std::vector<SourceState> sources;  ///< now
  std::vector<ProxyState> proxies;   ///< now
  std::map<Uuid, GenerationFigures> generations;
  std::map<std::string, StageFigures> stages;
  std::map<std::string, PluginFigures> plugins;
  std::map<std::pair<std::string, std::string>, std::uint64_t>
      jobs;                                   ///< by kind and how they ended
  std::map<std::string, double> job_seconds;  ///< by kind
  std::uint64_t cleanups = 0;
  std::uint64_t cleanup_failures = 0;
  double freed_bytes = 0;
  std::uint64_t spilled_bytes = 0;
  std::uint64_t spilled_files = 0;
};

/// Thread-safe.
class StateView {
 public:
  /// All outlive this. `data`: the folder whose disk is looked at.
  StateView(store::Store& store, monitoring::AlertCenter& alerts, config::AlertsConfig config,
            std::filesystem::path data, jobs::Clock clock)
      : store_(store),
        alerts_(alerts),
        data_(std::move(data)),
        clock_(std::move(clock)),
        config_(std::move(config)) {}

  /// What alerts are about from now on.
  void configure(config::AlertsConfig config);
  /// Reads the store again. What cannot be read stays as it was.
  void follow(const jobs::Model& model);
  void generated(const Uuid& proxy, const generation::GenerationStats& stats);
  void ended(const store::Job& job, const Result<std::string>& result);

  [[nodiscard]] Figures figures() const;
  /// Bytes that may be written to the data folder; nullopt: not known.
  [[nodiscard]] std::optional<std::uint64_t> free_disk() const;

 private:
  Result<> read_sources(const jobs::Model& model, std::vector<SourceState>& out);
  Result<> read_proxies(const jobs::Model& model, std::vector<ProxyState>& out);
  void watch_sources(const std::vector<SourceState>& sources);
  void forget_removed(const std::vector<ProxyState>& proxies);
  void watch_report(const std::string& report);
  void watch_account(const std::string& source, std::int64_t expires);
  Result<> watch_accounts(const jobs::Model& model);
  void watch_disk();
  [[nodiscard]] config::AlertsConfig config() const;

  store::Store& store_;
  monitoring::AlertCenter& alerts_;
  std::filesystem::path data_;
  jobs::Clock clock_;
  std::mutex following_;  // so that what was read later counts
  log::Outage reading_{"store", "the state of sources and proxies cannot be read",
                       "the state of sources and proxies is read again"};
  mutable std::mutex mutex_;  // of what follows
  config::AlertsConfig config_;
  Figures figures_;
};

}  // namespace m3u_proxy::daemon
