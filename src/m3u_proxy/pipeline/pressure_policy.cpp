#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/pipeline/pressure_policy.hpp>

namespace m3u_proxy::pipeline {

using memory::CleanupStrategy;
using memory::MemoryPressureLevel;
using memory::StorageLevel;

namespace {

/// Smaller batches than these would cost more than they save.
constexpr std::size_t kFewestRows = 100;

}  // namespace

PressurePolicy policy_at(MemoryPressureLevel level, std::size_t threads, std::size_t batch_rows) {
  const std::size_t fewest = std::min(kFewestRows, batch_rows);
  const auto rows = [&](std::size_t part) { return std::max(part, fewest); };
  switch (level) {
    case MemoryPressureLevel::kOptimal:
      return {.spool = StorageLevel::kMemory,
              .batch_rows = batch_rows,
              .live_batches = 2 * threads,
              .cleanup = CleanupStrategy::kBasic};
    case MemoryPressureLevel::kModerate:
      return {.spool = StorageLevel::kCompressed,
              .batch_rows = batch_rows,
              .live_batches = 2 * threads,
              .cleanup = CleanupStrategy::kSmart};
    case MemoryPressureLevel::kHigh:
      return {.spool = StorageLevel::kSpill,
              .batch_rows = rows(batch_rows / 2),
              .live_batches = threads,
              .cleanup = CleanupStrategy::kSmart};
    case MemoryPressureLevel::kCritical:
      return {.spool = StorageLevel::kSpill,
              .batch_rows = rows(batch_rows / 5),
              .live_batches = std::min<std::size_t>(2, threads),
              .cleanup = CleanupStrategy::kAggressive};
    case MemoryPressureLevel::kEmergency:
      break;
  }
  return {.spool = StorageLevel::kSpill,
          .batch_rows = fewest,
          .live_batches = 1,
          .cleanup = CleanupStrategy::kAggressive};
}

std::string to_string(const PressurePolicy& policy) {
  return fmt::format("{}, batches of {}, {} live, {} cleanup", memory::to_string(policy.spool),
                     policy.batch_rows, policy.live_batches, memory::to_string(policy.cleanup));
}

}  // namespace m3u_proxy::pipeline
