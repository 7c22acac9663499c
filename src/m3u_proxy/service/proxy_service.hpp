// ProxyService: the library's front door. It generates proxies under one memory limit, into files
// or into memory, and says what that took.
//
//   ProxyService service(StorageConfig::default_config());
//   service.configure_memory_management({.aggressive_cleanup = true});
//   M3U_TRY(auto tv, service.playlist_source("tv", "playlist.m3u"));
//   const ResolvedProxyConfig config{.name = "home", .sources = {tv}};
//   M3U_TRY(auto generation, service.generate_proxy_with_config(
//                                config, GenerationOutput::kInMemory, "http://localhost:8080"));
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/config/configuration.hpp>
#include <m3u_proxy/generation/proxy_config.hpp>
#include <m3u_proxy/memory/alerts.hpp>
#include <m3u_proxy/memory/memory_config.hpp>
#include <m3u_proxy/pipeline/stage.hpp>
#include <m3u_proxy/report/report.hpp>
#include <m3u_proxy/service/storage_config.hpp>

namespace m3u_proxy::generation {
class RunHistoryStore;
}

namespace m3u_proxy::service {

class Database;
class DataMappingService;
class LogoService;

using config::Configuration;
using generation::ResolvedProxyConfig;
using report::generation_tree;
using report::summary_line;

/// Where the result of a generation goes.
enum class GenerationOutput : std::uint8_t {
  kInMemory,  ///< into ProxyGeneration, reserved from the memory limit; nothing is published
  kFile,      ///< into the output folder, atomically: NAME.m3u and NAME.xmltv
};

/// A text whose memory is charged to the service's limit as long as a copy of it lives, also when
/// the service does not any more. Copies share the memory.
class GeneratedText {
 public:
  GeneratedText() = default;
  [[nodiscard]] std::string_view view() const;
  [[nodiscard]] bool empty() const { return view().empty(); }

 private:
  friend class ProxyService;
  struct Content;
  std::shared_ptr<const Content> content_;
};

/// What a generation made, and what it took.
struct ProxyGeneration {
  generation::GenerationStats stats;
  GeneratedText playlist;  ///< of kInMemory
  GeneratedText guide;     ///< of kInMemory; empty: there is none
};

struct ServiceOptions {
  std::size_t threads = 0;              ///< 0: as many as the machine has
  std::optional<std::int64_t> now{};    ///< seconds since 1970; none: the clock, at each generation
  const CancelToken* cancel = nullptr;  ///< may be nullptr; outlives the service
  pipeline::ProgressListener* progress = nullptr;  ///< may be nullptr; outlives the service
  memory::AlertListener* alerts = nullptr;         ///< may be nullptr; outlives the service
};

/// Movable. One generation at a time: further callers wait. (Several at once: runtime/run.hpp.)
class ProxyService {
 public:
  /// `configuration` gives the memory limit and all that resolve() finds by name; without one the
  /// limit is "auto". Nothing is measured, read or written before the first generation is prepared.
  explicit ProxyService(StorageConfig storage, config::Configuration configuration = {},
                        ServiceOptions options = {});
  ProxyService(ProxyService&&) noexcept = default;
  ProxyService& operator=(ProxyService&&) noexcept = default;
  ~ProxyService() = default;

  /// From the next generation on.
  void configure_memory_management(const memory::MemoryCleanupConfig& config);

  /// One of the configuration's proxies. It may be used as long as the service lives.
  /// Errors: kConfig (no such proxy, or an expression is wrong), and those of preparing:
  /// kOverBudget when the memory limit is below what the smallest job needs, with the least that
  /// works; kIo when a folder cannot be made.
  Result<ResolvedProxyConfig> resolve(std::string_view proxy_name);
  /// A source for a ResolvedProxyConfig that is written by hand: a path, a URL or "-". Errors: of
  /// preparing, as above.
  Result<channels::PlaylistSource> playlist_source(std::string name, std::string location);
  Result<guide::EpgSource> epg_source(std::string name, std::string location);

  /// Runs all stages, with cleanup between them. `base_url`, where it is not empty, stands for the
  /// configuration's. Errors: as generation::generate(); nothing is replaced. With kInMemory
  /// kOverBudget also when the result itself does not fit under the limit.
  Result<ProxyGeneration> generate_proxy_with_config(const ResolvedProxyConfig& config,
                                                     GenerationOutput output,
                                                     std::string_view base_url = {});

  // With a database: see database_services.hpp. Not in a library that was built without databases.

  /// The database of the service with this data folder, which is made when it is missing; it holds
  /// the key to what is secret. `url`: "postgresql://…"; empty: SQLite, in the folder. Errors: of
  /// preparing, as above; as store::open_store().
  Result<std::shared_ptr<Database>> open_database(const std::filesystem::path& data,
                                                  std::string url = {});
  /// The same as above with the rules, filters and edits that people made in the database, their
  /// logos, and the figures of earlier runs, which are kept there. Errors also: of the store;
  /// kConfig when a rule or filter is wrong.
  Result<ProxyGeneration> generate_proxy_with_config(const ResolvedProxyConfig& config,
                                                     GenerationOutput output, Database& database,
                                                     const DataMappingService& data_mapping_service,
                                                     const LogoService& logo_service,
                                                     std::string_view base_url = {});

 private:
  struct State;
  static Result<ProxyGeneration> generate(const std::shared_ptr<State>& state,
                                          ResolvedProxyConfig config, GenerationOutput output,
                                          std::string_view base_url,
                                          generation::RunHistoryStore* history);
  static Result<ProxyGeneration> generate_in_memory(const std::shared_ptr<State>& state,
                                                    ResolvedProxyConfig config,
                                                    generation::RunHistoryStore* history);

  std::shared_ptr<State> state_;
};

}  // namespace m3u_proxy::service
