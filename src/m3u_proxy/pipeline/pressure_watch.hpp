// PressureWatch: follows memory pressure while a generation runs, and acts on it.
//
// A pass looks at it before each batch. At a new level, what waits moves down (to LZ4, to disk)
// first; only when the next look still finds that level do batches get smaller and fewer. Each
// change is a line in the log and an event in the report.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <m3u_proxy/memory/cleanup.hpp>
#include <m3u_proxy/memory/dynamic_limit.hpp>
#include <m3u_proxy/memory/monitor.hpp>
#include <m3u_proxy/memory/pressure.hpp>
#include <m3u_proxy/pipeline/pressure_event.hpp>
#include <m3u_proxy/pipeline/pressure_policy.hpp>
#include <m3u_proxy/pipeline/stage_item.hpp>

namespace m3u_proxy::pipeline {

/// What a watch looks at and goes by; what the pointers name lives longer, and each may be nullptr.
struct PressureWatchOptions {
  memory::SimpleMemoryMonitor* monitor = nullptr;
  memory::MemoryCleanupCoordinator* cleanup = nullptr;
  memory::DynamicLimit* dynamic_limit = nullptr;  ///< follows the system while a pass runs
  /// Pressure is measured against these too; all 0: only against the limit.
  memory::MemoryThresholds system_thresholds{};
  std::uint32_t memory_check_interval = 1;  ///< channels between two looks at memory, at least
  /// Never less careful than at this level.
  memory::MemoryPressureLevel least_level = memory::MemoryPressureLevel::kOptimal;
  /// nullopt: chosen by pressure (Optimal: Basic; Moderate and High: Smart; above: Aggressive).
  std::optional<memory::CleanupStrategy> cleanup_strategy{};
  /// Resident size of the process before any work: code, libraries, stacks.
  Bytes fixed_overhead{};
};

/// Not thread-safe but for level(): looked at by the serial step of one pass at a time.
class PressureWatch {
 public:
  /// The context lives longer.
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
  void on_move_down(std::function<void(spill::SpoolKind)> move_down);

  [[nodiscard]] const std::vector<PressureEvent>& events() const { return events_; }
  [[nodiscard]] Bytes unaccounted_peak() const { return unaccounted_.peak(); }

 private:
  memory::MemoryPressureLevel measure(Stage stage);
  void note_change(Stage stage, memory::MemoryPressureLevel from, Bytes rss);
  void apply(memory::MemoryPressureLevel level);

  const RunContext& context_;
  const PressureWatchOptions options_;
  memory::UnaccountedMemory unaccounted_;
  memory::PressureTracker tracker_;
  std::atomic<memory::MemoryPressureLevel> level_ = memory::MemoryPressureLevel::kOptimal;
  PressurePolicy policy_;
  std::function<void(spill::SpoolKind)> move_down_;
  std::size_t rows_unchecked_ = 0;
  std::vector<PressureEvent> events_;
};

}  // namespace m3u_proxy::pipeline
