// PressureWatch: follows memory pressure while a pass runs and says what changes with it.
#pragma once

#include <vector>

#include <m3u_proxy/memory/monitor.hpp>
#include <m3u_proxy/memory/pressure.hpp>
#include <m3u_proxy/pipeline/report.hpp>
#include <m3u_proxy/pipeline/stage_item.hpp>

namespace m3u_proxy::pipeline {

/// Not thread-safe: called by the serial step of a pass.
class PressureWatch {
 public:
  /// `fixed`: what the process took before any work. `monitor` may be nullptr.
  /// `system_thresholds`: as PressureTracker::set_system_thresholds() takes them.
  PressureWatch(memory::Budget& budget, memory::SimpleMemoryMonitor* monitor, Bytes fixed,
                const memory::MemoryThresholds& system_thresholds = {});

  /// Measures, charges what nobody reserved, and records and logs a change of the level.
  memory::MemoryPressureLevel update(Stage stage);
  [[nodiscard]] memory::MemoryPressureLevel level() const { return tracker_.level(); }
  [[nodiscard]] const std::vector<PressureEvent>& events() const { return events_; }
  [[nodiscard]] Bytes unaccounted_peak() const { return unaccounted_.peak(); }

 private:
  memory::Budget* budget_;
  memory::SimpleMemoryMonitor* monitor_;
  Bytes fixed_;
  memory::UnaccountedMemory unaccounted_;
  memory::PressureTracker tracker_;
  std::vector<PressureEvent> events_;
};

}  // namespace m3u_proxy::pipeline
