// A service for a small device: a hard limit, one thread, nothing kept but the output, and memory
// given back every ten seconds.
#include <chrono>

#include <fmt/format.h>

#include "example_proxy.hpp"

namespace {

using m3u_proxy::Result;
using m3u_proxy::memory::MemoryCleanupConfig;
using namespace m3u_proxy::service;  // NOLINT(google-build-using-namespace): a program

constexpr std::uint64_t kLimitMb = 64;

ProxyService setup_edge_service() {
  Configuration configuration;
  configuration.proxy_memory.max_memory_mb = {
      .kind = m3u_proxy::memory::MemoryLimitSetting::Kind::kFixed,
      .fixed = m3u_proxy::mib(kLimitMb)};
  configuration.proxy_memory.use_case = m3u_proxy::memory::UseCase::kMemoryConstrained;
  ProxyService service(StorageConfig::minimal(), configuration, {.threads = 1});
  service.configure_memory_management(
      MemoryCleanupConfig{.aggressive_cleanup = true,
                          .memory_pressure_threshold_mb = kLimitMb,
                          .cleanup_between_stages = true,
                          .force_cleanup_frequency = std::chrono::seconds(10)});
  return service;
}

Result<> run(const std::filesystem::path& folder) {
  ProxyService service = setup_edge_service();
  M3U_TRY(const auto config, example::example_proxy(service, folder));
  M3U_TRY(const ProxyGeneration generation,
          service.generate_proxy_with_config(config, GenerationOutput::kFile));
  const auto& stats = generation.stats;
  fmt::print("{}\n", summary_line(stats));
  fmt::print("Limit {:.0f}MB, {}\n", stats.budget.limit_mb,
             stats.peak_memory_usage_mb <= stats.budget.limit_mb ? "kept" : "not kept");
  return {};
}

}  // namespace

int main(int argc, char** argv) { return example::finish(run(example::input_folder(argc, argv))); }
