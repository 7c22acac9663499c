// SimpleMemoryMonitor: watches the process's resident memory stage by stage.
//
// Logs one line a stage (module "memory.monitor"), warns when the limit comes near, and keeps the
// figures that the report shows. Sizes are in MB of 2^20 bytes. Not thread-safe, see() apart: one
// owner, such as a run.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/memory/process_memory.hpp>
#include <m3u_proxy/memory/watermark.hpp>

namespace m3u_proxy::memory {

/// The time of a clock that never goes back; tests put their own in.
using SteadyClock = std::function<std::chrono::steady_clock::time_point()>;

struct MemorySnapshot {
  double rss_mb = 0;
  double delta_mb = 0;  ///< against the observation before it; the first against initialize()
  double peak_mb = 0;   ///< since the observation before it: the kernel's where it has risen
                        ///< meanwhile, else the highest sample
};

enum class MemoryLimitStatus : std::uint8_t {
  kWithin,    ///< below the warning threshold, or no limit
  kWarning,   ///< at or above limit × warning threshold
  kExceeded,  ///< above the limit
};

/// What is known of a stage; one that is observed again has its last snapshot and highest peak.
struct StageMemory {
  std::string name;
  MemorySnapshot snapshot;
};

struct MemoryStatistics {
  double baseline_mb = 0;  ///< at initialize()
  double current_mb = 0;   ///< at the last observation or check
  double peak_mb = 0;      ///< highest peak since initialize()
  std::optional<double> limit_mb{};
  std::uint64_t observations = 0;
  std::uint64_t warnings = 0;         ///< how often the limit was warned about
  std::vector<StageMemory> stages{};  ///< in order of their first observation
};

struct MonitorOptions {
  double warning_threshold = 0.8;             ///< share of the limit, 0 to 1
  std::chrono::seconds warning_cooldown{30};  ///< least time between two warnings of one kind
  ProcessMemory* process = nullptr;           ///< nullptr: process_memory()
  SteadyClock clock{};                        ///< empty: std::chrono::steady_clock
  /// Each observation starts a new peak of the kernel, so that a stage's is exact also where it is
  /// below that of a former one. What others ask the kernel for then begins anew too: only for a
  /// look into one run, and said in the log.
  bool restart_kernel_peak = false;
};

class SimpleMemoryMonitor {
 public:
  explicit SimpleMemoryMonitor(std::optional<double> limit_mb = std::nullopt,
                               MonitorOptions options = {});

  /// Takes the baseline. May be called again for a new run: forgets the stages. Error: kIo.
  Result<> initialize();
  /// Measures and logs `Memory observation for 'NAME': 140.5MB (Δ+45.2MB)` at info. Takes the
  /// baseline first when initialize() was not called. Error: kIo.
  Result<MemorySnapshot> observe_stage(std::string_view name);
  /// Compares the resident size with the limit; logs a warning when it is near or over, not more
  /// often than the cooldown allows, but at once when it goes from near to over. Error: kIo.
  Result<MemoryLimitStatus> check_limit();
  /// The same for a resident size that was measured just now.
  MemoryLimitStatus compare_with_limit(Bytes rss);
  /// Takes a sample into account that was taken between two observations. Thread-safe.
  void see(Bytes rss) noexcept {
    stage_peak_.see(rss);
    run_peak_.see(rss);
  }
  /// The most that was seen since initialize(), or that an observation found. Thread-safe.
  [[nodiscard]] Bytes highest() const { return run_peak_.seen(); }
  /// The resident size now, without a log line. Error: kIo.
  Result<Bytes> resident();

  [[nodiscard]] const MemoryStatistics& statistics() const { return statistics_; }
  /// Follows a limit that changes while a job runs.
  void set_limit(std::optional<double> limit_mb) { statistics_.limit_mb = limit_mb; }

 private:
  void note(Bytes rss);
  void warn_about(MemoryLimitStatus status, double rss_mb);
  void remember(std::string_view name, const MemorySnapshot& snapshot);

  MonitorOptions options_;
  ProcessMemory* process_;
  MemoryStatistics statistics_;
  Watermark stage_peak_;  // since the last observation
  Watermark run_peak_;    // since initialize()
  double previous_mb_ = 0;
  bool initialized_ = false;
  MemoryLimitStatus warned_status_ = MemoryLimitStatus::kWithin;
  std::optional<std::chrono::steady_clock::time_point> warned_at_;
};

/// Charges resident memory that nobody reserved to the Budget under Tag::kUnaccounted, so that
/// the limit is about the process and not about bookkeeping. Not thread-safe.
class UnaccountedMemory {
 public:
  /// `fixed`: what the process takes without any work (code, libraries, stacks), not charged.
  UnaccountedMemory(Budget& budget, Bytes fixed) : budget_(&budget), fixed_(fixed) {}

  /// Brings the charge to rss − fixed − what others have reserved. When the Budget has no room
  /// for it, charges what there is room for. Returns the unexplained amount.
  Bytes update(Bytes rss);

 private:
  Budget* budget_;
  Bytes fixed_;
  Reservation charge_;
};

}  // namespace m3u_proxy::memory
