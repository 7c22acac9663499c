// A pipeline for little memory: aggressive cleanup between stages, the result in memory, and what
// people decided and earlier runs showed from a database.
#include <chrono>

#include <fmt/format.h>

#include <m3u_proxy/service/database_services.hpp>

#include "example_proxy.hpp"

namespace {

using m3u_proxy::Result;
using m3u_proxy::memory::MemoryCleanupConfig;
using namespace m3u_proxy::service;  // NOLINT(google-build-using-namespace): a program

ProxyService create_memory_optimized_pipeline() {
  ProxyService service(StorageConfig::default_config());
  const MemoryCleanupConfig cleanup_config{.aggressive_cleanup = true,
                                           .memory_pressure_threshold_mb = 256.0,
                                           .cleanup_between_stages = true,
                                           .auto_gc_interval = std::chrono::seconds(30)};
  service.configure_memory_management(cleanup_config);
  return service;
}

Result<ProxyGeneration> generate_with_memory_management(
    ProxyService& service, const ResolvedProxyConfig& config, Database& database,
    const DataMappingService& data_mapping_service, const LogoService& logo_service) {
  // The service cleans up between the stages by itself.
  M3U_TRY(ProxyGeneration generation,
          service.generate_proxy_with_config(config, GenerationOutput::kInMemory, database,
                                             data_mapping_service, logo_service,
                                             "http://localhost:8080"));
  fmt::print("Memory efficiency: {:.1f} channels/MB\n", generation.stats.memory_efficiency);
  return generation;
}

Result<> run(const std::filesystem::path& folder) {
  ProxyService service = create_memory_optimized_pipeline();
  M3U_TRY(const auto config, example::example_proxy(service, folder));
  M3U_TRY(const auto database, service.open_database("m3u-proxy/data"));
  const DataMappingService data_mapping_service(database);
  const LogoService logo_service(database, "m3u-proxy/data/logos");
  M3U_TRY(const ProxyGeneration generation,
          generate_with_memory_management(service, config, *database, data_mapping_service,
                                          logo_service));
  fmt::print("{} channels, {} cleanups between stages\n", generation.stats.channels,
             generation.stats.memory_cleanup_operations);
  fmt::print("{}", generation.playlist.view());
  return {};
}

}  // namespace

int main(int argc, char** argv) { return example::finish(run(example::input_folder(argc, argv))); }
