// Thresholds for the machine at hand, and the cleanup strategy for a use case.
#include <fmt/format.h>

#include <m3u_proxy/memory/cleanup.hpp>
#include <m3u_proxy/memory/memory_config.hpp>
#include <m3u_proxy/memory/memory_limit.hpp>

namespace {

using namespace m3u_proxy::memory;  // NOLINT(google-build-using-namespace): a program

constexpr std::uint64_t kMbOfGb = 1024;

/// The threshold of a machine with so much memory: 2048, 1024 or 512 MB.
double threshold_by_ram(std::uint64_t memory_gb) {
  return threshold_for_system({.machine = m3u_proxy::mib(memory_gb * kMbOfGb)}).mb();
}

void print_levels(const MemoryThresholds& thresholds) {
  fmt::print("  Optimal up to {:.0f}MB, Moderate {:.0f}MB, High {:.0f}MB, Critical {:.0f}MB\n",
             thresholds.optimal_mb, thresholds.moderate_mb, thresholds.high_mb,
             thresholds.critical_mb);
}

}  // namespace

int main() {
  for (const std::uint64_t memory_gb : {4, 8, 16}) {
    fmt::print("{} GB: threshold {:.0f}MB\n", memory_gb, threshold_by_ram(memory_gb));
    print_levels(calculate_optimal_thresholds({.machine = m3u_proxy::mib(memory_gb * kMbOfGb)}));
  }
  fmt::print("this machine:\n");
  print_levels(calculate_optimal_thresholds());

  for (const auto& [name, use_case] : {std::pair{"high throughput", UseCase::kHighThroughput},
                                       std::pair{"memory constrained", UseCase::kMemoryConstrained},
                                       std::pair{"balanced", UseCase::kBalanced}})
    fmt::print("{}: {}\n", name, to_string(cleanup_strategy_for(use_case)));

  const MemoryCleanupCoordinator coordinator(true, threshold_for_system(read_memory()).mb());
  fmt::print("cleanups so far: {}\n", coordinator.summary().operations);
  return 0;
}
