// What a generation takes from a database when a program of one's own uses one: the rules and
// filters that people made (DataMappingService), their logos (LogoService), what they changed of
// single channels, and the figures of earlier runs, from which the need of the next is predicted.
// It is the database of `m3u-proxy serve`, and may be the same one at the same time.
//
//   M3U_TRY(const auto database, service.open_database("data"));
//   const DataMappingService data_mapping_service(database);
//   const LogoService logo_service(database, "data/logos");
//   service.generate_proxy_with_config(config, GenerationOutput::kInMemory, *database,
//                                      data_mapping_service, logo_service,
//                                      "http://localhost:8080");
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <m3u_proxy/generation/proxy_config.hpp>
#include <m3u_proxy/logos/logo_library.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::service {

/// A store under a service's memory limit: ProxyService::open_database() makes one. Thread-safe.
class Database {
 public:
  [[nodiscard]] store::Store& store() { return *store_; }
  /// The id of the proxy of that name: the stored one's, or the one that a first proxy of that name
  /// gets. Errors: of the store.
  Result<Uuid> proxy(std::string_view name);

 private:
  friend class ProxyService;
  Database(std::shared_ptr<void> owner, std::unique_ptr<store::Store> store)
      : owner_(std::move(owner)), store_(std::move(store)) {}

  std::shared_ptr<void> owner_;  // of the budget; goes last
  std::unique_ptr<store::Store> store_;
};

/// The rules and filters of a database. Thread-safe.
class DataMappingService {
 public:
  explicit DataMappingService(std::shared_ptr<Database> database)
      : database_(std::move(database)) {}

  /// Gives a proxy the rules and filters that the database's proxy of its name has or, where there
  /// is none, all of them in their order. A kind of which the database has none stays as it is.
  /// `now`: seconds since 1970, for `@time:now()`. Errors: of the store; kConfig.
  Result<> apply(generation::ResolvedProxyConfig& config, std::int64_t now) const;

 private:
  std::shared_ptr<Database> database_;
};

/// The logos of a database. Thread-safe.
class LogoService {
 public:
  /// Uploaded pictures are in `folder`. `output_token`: with which a running `m3u-proxy serve` on
  /// this database serves the proxy: its logos then come from there, those of the web too, from its
  /// cache. Empty: uploaded ones are `base_url/logos/ID`, where others serve them; those of the web
  /// stay where they are.
  LogoService(std::shared_ptr<Database> database, const std::filesystem::path& folder,
              std::string output_token = {})
      : database_(std::move(database)),
        library_(database_->store(), folder),
        output_token_(std::move(output_token)) {}

  /// To add pictures, which rules name as `@logo:` and the id, and to open them.
  [[nodiscard]] logos::LogoLibrary& library() { return library_; }
  /// Tells a proxy which addresses its logos get.
  void apply(generation::ResolvedProxyConfig& config) const {
    if (output_token_.empty()) return;
    config.output_token = output_token_;
    config.cache_logos = true;
  }

 private:
  std::shared_ptr<Database> database_;
  logos::LogoLibrary library_;
  std::string output_token_;
};

}  // namespace m3u_proxy::service
