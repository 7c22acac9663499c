// Service::Parts: what a service is made of, and how its parts know of one another. Internal to
// service.hpp.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/api/api.hpp>
#include <m3u_proxy/api/entities/output_tokens.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/daemon/access_log.hpp>
#include <m3u_proxy/daemon/alerting.hpp>
#include <m3u_proxy/daemon/archives/restoring.hpp>
#include <m3u_proxy/daemon/configuration/http_settings.hpp>
#include <m3u_proxy/daemon/configuration/provisioning.hpp>
#include <m3u_proxy/daemon/control_routes.hpp>
#include <m3u_proxy/daemon/data_folder.hpp>
#include <m3u_proxy/daemon/errands.hpp>
#include <m3u_proxy/daemon/file_watch.hpp>
#include <m3u_proxy/daemon/first_admin.hpp>
#include <m3u_proxy/daemon/local_sources.hpp>
#include <m3u_proxy/daemon/metrics_route.hpp>
#include <m3u_proxy/daemon/publication.hpp>
#include <m3u_proxy/daemon/service.hpp>
#include <m3u_proxy/daemon/state_view.hpp>
#include <m3u_proxy/daemon/status_routes.hpp>
#include <m3u_proxy/http/server.hpp>
#include <m3u_proxy/jobs/conductor.hpp>
#include <m3u_proxy/logos/logo_cache.hpp>
#include <m3u_proxy/logos/logo_library.hpp>
#include <m3u_proxy/outputs/gzip_variants.hpp>
#include <m3u_proxy/outputs/output_routes.hpp>
#include <m3u_proxy/runtime/configured.hpp>
#include <m3u_proxy/settings/live_settings.hpp>
#include <m3u_proxy/settings/saved_settings.hpp>
#include <m3u_proxy/store/open/open_store.hpp>

namespace m3u_proxy::daemon {

/// In the order in which they depend on one another; the last one goes first.
class Service::Parts {
 public:
  explicit Parts(ServiceOptions options)
      : options_(std::move(options)),
        settings_(options_.environment, with_own_address(options_.flags)) {}
  ~Parts() { stop(std::chrono::milliseconds(0)); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  Result<> start();
  void stop(std::chrono::milliseconds within);
  [[nodiscard]] std::string waits_for() const;
  [[nodiscard]] std::string address() const;
  [[nodiscard]] Result<std::vector<Output>> outputs() const;
  [[nodiscard]] std::optional<std::string> setup_link() const;
  /// Whether every proxy has had something to serve; one that is added later changes nothing.
  [[nodiscard]] bool ready();

 private:
  Result<> load_settings();
  [[nodiscard]] Result<settings::SavedSettings> saved_at_start();
  Result<> open_store();
  Result<> provision();
  Result<> open_depot();
  Result<> make_jobs();
  Result<> make_api();
  [[nodiscard]] http::ServerCounters http_counters() const;
  Result<> listen();
  void publish();
  void look(store::Topics topics);
  void reload_file();
  Result<> take_file_again();
  Result<> take_settings();
  [[nodiscard]] Result<> check_restored(const ConfigNode& saved) const;
  struct Change;
  [[nodiscard]] Result<Change> load_again();
  void reload_certificate(const std::filesystem::path& file);
  [[nodiscard]] Result<std::string> door_of(const jobs::ProxyEntry& proxy) const;
  [[nodiscard]] static Result<Change> prepare(LoadedDocument loaded);
  void apply(Change change);
  void take_log(const config::ServiceConfig& config) const;
  [[nodiscard]] bool take_limit(const config::Configuration& now);
  [[nodiscard]] static Result<jobs::Conductor::Options> conductor_options(
      const config::ServiceConfig& config);

  ServiceOptions options_;
  std::optional<DataFolder> folder_;
  LoadedDocument loaded_;  // as the service started
  settings::LiveSettings settings_;
  std::mutex applying_;                      // of what follows
  std::atomic<bool> takes_settings_{false};  // what they change is there
  std::int64_t saved_revision_ = 0;          // of the saved settings that hold
  std::unique_ptr<runtime::Process> process_;
  std::optional<store::SecretKey> key_;
  std::unique_ptr<store::Store> store_;
  std::optional<memory::CleanableSet::Member> keeps_store_;
  std::shared_ptr<const snapshots::Placeholders> placeholders_;
  http::LivePolicy addresses_;
  std::vector<std::string> listens_at_;  // written before any request is read
  outputs::Published published_;
  std::unique_ptr<outputs::GzipVariants> variants_;
  std::unique_ptr<depot::Depot> depot_;  // of several replicas
  std::unique_ptr<jobs::SnapshotSpace> space_;
  std::unique_ptr<jobs::Refresher> refresher_;
  std::unique_ptr<logos::LogoLibrary> logos_;
  std::unique_ptr<logos::LogoCache> logo_cache_;
  std::unique_ptr<jobs::Generator> generator_;
  std::unique_ptr<Publication> publication_;
  std::unique_ptr<monitoring::AlertCenter> alerts_;
  std::unique_ptr<StateView> view_;
  std::unique_ptr<FileWatch> watch_;
  std::unique_ptr<LocalSources> local_sources_;
  std::unique_ptr<jobs::Workers> workers_;
  std::unique_ptr<jobs::Conductor> conductor_;
  std::unique_ptr<Restoring> restoring_;
  std::unique_ptr<api::Api> api_;  // what the router's handlers use
  std::unique_ptr<http::Router> router_;
  std::unique_ptr<http::Router> control_router_;
  std::unique_ptr<http::TlsIdentity> tls_;
  std::unique_ptr<Errands> errands_;
  std::unique_ptr<Errands> questions_;
  std::unique_ptr<http::Server> server_;
  std::atomic<http::Server*> serving_{nullptr};  // server_, once it is there
  std::atomic<bool> was_ready_{false};
  std::atomic<const char*> stopping_{""};  // what stop() is at
};

}  // namespace m3u_proxy::daemon
