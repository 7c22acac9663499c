// The figures of memory that a generation leaves behind.
#include <fmt/format.h>

#include "example_proxy.hpp"

namespace {

using m3u_proxy::Result;
using namespace m3u_proxy::service;  // NOLINT(google-build-using-namespace): a program

void print_memory_analysis(const m3u_proxy::generation::GenerationStats& stats) {
  fmt::print("Memory Analysis:\n");
  fmt::print("  Peak Memory: {:.1f}MB\n", stats.peak_memory_usage_mb);
  fmt::print("  Memory Efficiency: {:.1f} channels/MB\n", stats.memory_efficiency);
  fmt::print("  Cleanup Operations: {}\n", stats.memory_cleanup_operations);
  for (const auto& [stage, bytes] : stats.stage_memory_usage)
    fmt::print("  {}: {:.1f}MB\n", stage, m3u_proxy::Bytes{bytes}.mb());
}

Result<> run(const std::filesystem::path& folder) {
  ProxyService service(StorageConfig::default_config());
  M3U_TRY(const auto config, example::example_proxy(service, folder));
  M3U_TRY(const ProxyGeneration generation,
          service.generate_proxy_with_config(config, GenerationOutput::kInMemory));
  print_memory_analysis(generation.stats);
  return {};
}

}  // namespace

int main(int argc, char** argv) { return example::finish(run(example::input_folder(argc, argv))); }
