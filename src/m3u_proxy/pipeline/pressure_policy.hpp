// PressurePolicy: what a level of memory pressure means for a running generation.
//
// | level     | what waits              | rows a batch  | live batches | between stages |
// | Optimal   | memory                  | all           | 2 × threads  | Basic          |
// | Moderate  | compressed              | all           | 2 × threads  | Smart          |
// | High      | disk                    | half          | threads      | Smart          |
// | Critical  | disk                    | a fifth, ≥100 | 2            | Aggressive     |
// | Emergency | disk                    | 100           | 1            | Aggressive     |
//
// It never changes what is published. Pure.
#pragma once

#include <cstddef>
#include <string>

#include <m3u_proxy/memory/cleanable.hpp>
#include <m3u_proxy/memory/pressure.hpp>
#include <m3u_proxy/memory/storage_level.hpp>

namespace m3u_proxy::pipeline {

struct PressurePolicy {
  memory::StorageLevel spool = memory::StorageLevel::kMemory;
  std::size_t batch_rows = 0;
  std::size_t live_batches = 0;
  memory::CleanupStrategy cleanup = memory::CleanupStrategy::kBasic;

  bool operator==(const PressurePolicy&) const = default;
};

/// `threads` and `batch_rows` as the run was asked for.
PressurePolicy policy_at(memory::MemoryPressureLevel level, std::size_t threads,
                         std::size_t batch_rows);
/// "spill, batches of 500, 2 live, smart cleanup": for the log.
std::string to_string(const PressurePolicy& policy);

}  // namespace m3u_proxy::pipeline
