// MemoryWatch: looks at the memory of the process, for everything that runs in it.
//
// There is one in a process. Each sample charges what nobody reserved, once, follows the system's
// limit, finds the level of pressure, warns when the limit comes near, and is seen by the
// watermark of every run under way. So runs that go on side by side share one level and one
// charge, and each has peaks of its own. Thread-safe. A sample takes some microseconds.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/memory/dynamic_limit.hpp>
#include <m3u_proxy/memory/monitor.hpp>
#include <m3u_proxy/memory/pressure.hpp>
#include <m3u_proxy/memory/watermark.hpp>

namespace m3u_proxy::memory {

struct MemorySample {
  Bytes resident{};     ///< of the process
  Bytes account{};      ///< reserved from the Budget, with what nobody reserved
  Bytes unaccounted{};  ///< resident and reserved by nobody
  MemoryPressureLevel level = MemoryPressureLevel::kOptimal;
};

struct MemoryWatchOptions {
  /// Resident size of the process before any work (code, libraries, stacks); not charged.
  Bytes fixed{};
  std::optional<Bytes> limit{};  ///< of the process; none: no limit
  /// Pressure is measured against these too; all 0: only against the limit.
  MemoryThresholds system_thresholds{};
  double warning_threshold = 0.8;  ///< share of the limit, 0 to 1
  /// How the limit follows the system; none: it stays.
  std::optional<DynamicLimitOptions> follow{};
  ProcessMemory* process = nullptr;  ///< nullptr: process_memory()
};

class RunWatermark;

class MemoryWatch {
 public:
  /// `budget` outlives the watch.
  MemoryWatch(Budget& budget, MemoryWatchOptions options);
  MemoryWatch(const MemoryWatch&) = delete;
  MemoryWatch& operator=(const MemoryWatch&) = delete;

  /// Looks now. Where memory cannot be measured: the last sample.
  MemorySample sample();
  /// Of the process, now; none: no limit.
  [[nodiscard]] std::optional<Bytes> limit() const;
  /// From now on; both as in the options.
  void set_limit(std::optional<Bytes> limit, std::optional<DynamicLimitOptions> follow);
  /// How often the limit has changed, and the changes from the `first`th on (kMaxChanges at most
  /// are kept).
  [[nodiscard]] std::size_t limit_changes() const;
  [[nodiscard]] std::vector<LimitChange> limit_changes_from(std::size_t first) const;
  [[nodiscard]] Bytes fixed() const { return options_.fixed; }
  [[nodiscard]] Budget& budget() const { return *budget_; }

 private:
  friend class RunWatermark;
  void add(RunWatermark& run);
  void remove(RunWatermark& run);

  Budget* budget_;
  MemoryWatchOptions options_;
  ProcessMemory* process_;
  mutable std::mutex mutex_;  // of everything below
  SimpleMemoryMonitor limit_monitor_;
  std::optional<DynamicLimit> dynamic_limit_;
  UnaccountedMemory unaccounted_;
  PressureTracker tracker_;
  MemorySample last_;
  std::vector<RunWatermark*> runs_;
};

/// The peaks of one run, from its construction on: what every sample of the process showed
/// meanwhile, and the process's own counters where they rose. Thread-safe.
class RunWatermark {
 public:
  /// `monitor` (may be nullptr) sees each sample too, for its stages. Both outlive this. The
  /// Budget's peaks begin anew where no other run is under way.
  explicit RunWatermark(MemoryWatch& watch, SimpleMemoryMonitor* monitor = nullptr);
  ~RunWatermark();
  RunWatermark(const RunWatermark&) = delete;
  RunWatermark& operator=(const RunWatermark&) = delete;

  /// The most the process had resident.
  [[nodiscard]] Bytes resident() const;
  /// The most that was reserved, in all and for a tag.
  [[nodiscard]] Bytes account() const;
  [[nodiscard]] Bytes account(Tag tag) const;
  /// The most that was resident and reserved by nobody.
  [[nodiscard]] Bytes unaccounted() const { return unaccounted_.seen(); }

 private:
  friend class MemoryWatch;
  void begin();
  void see(const MemorySample& sample);

  MemoryWatch* watch_;
  SimpleMemoryMonitor* monitor_;
  Watermark resident_;
  Watermark account_;
  std::array<Watermark, kTagCount> tags_;
  Watermark unaccounted_;
};

}  // namespace m3u_proxy::memory
