// A service for development: folders of its own, and every cleanup in the log and the report.
#include <fmt/format.h>

#include "example_proxy.hpp"

namespace {

using m3u_proxy::Result;
using m3u_proxy::memory::MemoryCleanupConfig;
using namespace m3u_proxy::service;  // NOLINT(google-build-using-namespace): a program

ProxyService setup_dev_service() {
  ProxyService service(StorageConfig::development());
  service.configure_memory_management(
      MemoryCleanupConfig{.aggressive_cleanup = false,  // easier to follow
                          .memory_pressure_threshold_mb = 256.0,
                          .detailed_logging = true,
                          .track_cleanup_history = true});
  return service;
}

Result<> run(const std::filesystem::path& folder) {
  ProxyService service = setup_dev_service();
  M3U_TRY(const auto config, example::example_proxy(service, folder));
  M3U_TRY(const ProxyGeneration generation,
          service.generate_proxy_with_config(config, GenerationOutput::kFile));
  fmt::print("{}\n", summary_line(generation.stats));
  for (const auto& cleanup : generation.stats.memory.cleanup_history)
    fmt::print("after {}: {}, {:.1f}MB freed\n", cleanup.stage, to_string(cleanup.strategy),
               cleanup.freed_mb);
  return {};
}

}  // namespace

int main(int argc, char** argv) { return example::finish(run(example::input_folder(argc, argv))); }
