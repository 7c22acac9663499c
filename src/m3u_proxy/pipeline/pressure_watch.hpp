// PressureWatch: follows memory pressure while a generation runs, and acts on it.
//
// The level is the process's (memory/memory_watch.hpp); what follows from it is the generation's. A
// pass looks at it before each batch. At a new level, what waits moves down (to LZ4, to disk)
// first; only when the next look still finds that level do batches get smaller and fewer. Each
// change is a line in the log and an event in the report.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <m3u_proxy/memory/cleanup.hpp>
#include <m3u_proxy/memory/memory_watch.hpp>
#include <m3u_proxy/memory/pressure.hpp>
#include <m3u_proxy/pipeline/pressure_event.hpp>
#include <m3u_proxy/pipeline/pressure_policy.hpp>
#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::pipeline {

struct PressureWatchOptions {
  memory::MemoryWatch* memory = nullptr;  ///< nullptr: the level stays what it began at
  memory::MemoryCleanupCoordinator* cleanup = nullptr;  ///< ticks at each look; may be nullptr
  std::uint32_t memory_check_interval = 1;              ///< channels between two looks, at least
  /// Never less careful than at this level.
  memory::MemoryPressureLevel least_level = memory::MemoryPressureLevel::kOptimal;
  /// nullopt: chosen by the level.
  std::optional<memory::CleanupStrategy> cleanup_strategy{};
};

/// Not thread-safe but for level(): looked at by the serial step of one pass at a time.
class PressureWatch {
 public:
  /// `context` and what the options name live longer.
  PressureWatch(const RunContext& context, const PressureWatchOptions& options);

  /// Looks at memory, when enough channels went by since the last look, and acts.
  void check(Stage stage);
  /// Begins as if this level had been found: what earlier runs needed says so.
  void begin_at(memory::MemoryPressureLevel level);
  /// What holds at present.
  [[nodiscard]] const PressurePolicy& policy() const { return policy_; }
  /// The level that was found last, or that it began at; never below the least one.
  [[nodiscard]] memory::MemoryPressureLevel level() const { return level_; }
  /// Called with what may stay in memory, now and whenever that becomes less. Empty: no more.
  void on_move_down(std::function<void(memory::StorageLevel)> move_down);

  [[nodiscard]] const std::vector<PressureEvent>& events() const { return events_; }

 private:
  void note_change(Stage stage, const memory::MemorySample& sample);
  void apply(memory::MemoryPressureLevel level);

  const RunContext& context_;
  PressureWatchOptions options_;
  memory::MemoryPressureLevel found_ = memory::MemoryPressureLevel::kOptimal;  // by the last look
  std::atomic<memory::MemoryPressureLevel> level_ = memory::MemoryPressureLevel::kOptimal;
  PressurePolicy policy_;
  std::function<void(memory::StorageLevel)> move_down_;
  std::size_t rows_unchecked_ = 0;
  std::vector<PressureEvent> events_;
};

}  // namespace m3u_proxy::pipeline
