// A service for 50,000 channels and more: a high threshold, and cleanup also while a stage runs.
#include <chrono>

#include <fmt/format.h>

#include "example_proxy.hpp"

namespace {

using m3u_proxy::Result;
using m3u_proxy::memory::MemoryCleanupConfig;
using namespace m3u_proxy::service;  // NOLINT(google-build-using-namespace): a program

ProxyService setup_high_volume_service() {
  Configuration configuration;
  configuration.proxy_memory.batch_size = 2000;
  ProxyService service(StorageConfig::default_config(), configuration);
  service.configure_memory_management(
      MemoryCleanupConfig{.aggressive_cleanup = true,
                          .memory_pressure_threshold_mb = 2048.0,
                          .cleanup_between_stages = true,
                          .auto_gc_interval = std::chrono::seconds(60)});
  return service;
}

Result<> run(const std::filesystem::path& folder) {
  ProxyService service = setup_high_volume_service();
  M3U_TRY(const auto config, example::example_proxy(service, folder));
  // Large results belong into files: they are written as they come, and replaced as a whole.
  M3U_TRY(const ProxyGeneration generation,
          service.generate_proxy_with_config(config, GenerationOutput::kFile));
  fmt::print("{}\n", summary_line(generation.stats));
  return {};
}

}  // namespace

int main(int argc, char** argv) { return example::finish(run(example::input_folder(argc, argv))); }
