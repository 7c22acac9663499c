// MemoryReport: how memory was handled during a generation; a part of the report.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <m3u_proxy/memory/alerts.hpp>
#include <m3u_proxy/memory/cleanup.hpp>
#include <m3u_proxy/memory/dynamic_limit.hpp>
#include <m3u_proxy/memory/prediction.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::generation {

struct MemoryReport {
  double fixed_mb = 0;  ///< of the process before any work
  std::uint64_t cleanup_failures = 0;
  std::vector<memory::CleanupStats> cleanup_history{};  ///< with track_cleanup_history
  memory::PoolStats pools{};                            ///< of this generation
  std::optional<memory::Prediction> prediction{};       ///< made before the generation
  std::vector<memory::LimitChange> limit_changes{};     ///< with max_memory_mb = "auto"
  std::vector<memory::MemoryAlert> alerts{};
};

}  // namespace m3u_proxy::generation
