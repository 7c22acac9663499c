// MemoryCleanupCoordinator: gives memory back between the stages of a generation, and from time to
// time while one runs.
//
// Each cleanup measures, cleans the stage's output and what is kept for reuse (pools, caches) by a
// strategy, returns free heap to the system where the strategy says so, measures again, logs and
// counts. A cleanup that fails is counted and the run goes on. Not thread-safe: one owner, a run;
// what is kept may belong to several.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/memory/cleanable.hpp>
#include <m3u_proxy/memory/memory_config.hpp>
#include <m3u_proxy/memory/monitor.hpp>
#include <m3u_proxy/memory/process_memory.hpp>

namespace m3u_proxy::memory {

/// What called for a cleanup.
enum class CleanupCause : std::uint8_t {
  kStage,     ///< the end of a stage
  kInterval,  ///< auto_gc_interval
  kForced,    ///< force_cleanup_frequency
};
/// "stage", "interval", "forced".
std::string_view to_string(CleanupCause cause);

/// What one cleanup did.
struct CleanupStats {
  std::string stage;
  CleanupCause cause = CleanupCause::kStage;
  CleanupStrategy strategy = CleanupStrategy::kBasic;  ///< as asked for
  double before_mb = 0;
  double after_mb = 0;
  double freed_mb = 0;  ///< never negative
  std::size_t items_cleaned = 0;
  std::chrono::nanoseconds duration{};
};

/// What all cleanups of a coordinator did together.
struct CleanupSummary {
  std::uint64_t operations = 0;
  double freed_mb = 0;
  std::uint64_t items_cleaned = 0;
  std::chrono::nanoseconds duration{};
  std::uint64_t failures = 0;  ///< cleanups that could not be done, or not to their end
};

/// What Smart looks at.
struct SmartInputs {
  MemoryUsage usage;               ///< of the stage's output and of what is kept for reuse
  Bytes rss;                       ///< now
  std::optional<Bytes> threshold;  ///< where memory gets short
  Bytes next_stage;                ///< what the next stage says it needs
  Bytes growth;                    ///< what stages have needed lately, on average
};

enum class SmartAction : std::uint8_t {
  kNothing,     ///< not worth the time
  kWhereMuch,   ///< only containers of which much is unused
  kEverything,  ///< as Aggressive
};

struct SmartChoice {
  SmartAction action = SmartAction::kNothing;
  std::string why;  ///< for the debug log
};

/// The decision behind CleanupStrategy::kSmart. Everything, when the next stage (by what it says
/// or by the trend) would not fit below the threshold; where much is unused, when that is at least
/// a tenth of the output and 1 MB; else nothing.
SmartChoice choose_smart(const SmartInputs& inputs);

struct CleanupOptions {
  ProcessMemory* process = nullptr;      ///< nullptr: process_memory()
  SteadyClock clock{};                   ///< empty: the system's
  std::function<void()> release_heap{};  ///< empty: release_free_heap()
  /// Where memory gets short, asked at each cleanup, for a limit that changes while a job runs;
  /// empty: as the configuration says.
  std::function<std::optional<Bytes>()> threshold{};
  /// Hears what each cleanup did; may be empty.
  std::function<void(const CleanupStats&)> on_cleanup{};
};

class MemoryCleanupCoordinator {
 public:
  /// `aggressive`: every cleanup returns free memory to the system, whatever its strategy.
  /// `threshold_mb`: resident size at which cleanup is called for; none: memory is never short.
  explicit MemoryCleanupCoordinator(bool aggressive = false,
                                    std::optional<double> threshold_mb = std::nullopt,
                                    CleanupOptions options = {});
  explicit MemoryCleanupCoordinator(const MemoryCleanupConfig& config, CleanupOptions options = {});

  /// Cleans what `stage_name` leaves behind; logs `Memory cleanup after 'NAME': …` at debug
  /// (module "memory.cleanup"), with detailed_logging at info. Errors: kIo (memory could not be
  /// measured; nothing was cleaned), kInternal (the output's own cleanup threw).
  Result<CleanupStats> cleanup_between_stages(std::string_view stage_name, MemoryCleanable& output,
                                              CleanupStrategy strategy);
  /// Called often while a stage runs, by the one that may clean `live` then: cleans by `strategy`
  /// when auto_gc_interval has passed since the last cleanup, aggressively when
  /// force_cleanup_frequency has. Takes nanoseconds when nothing is due; never fails.
  void tick(std::string_view stage_name, MemoryCleanable& live, CleanupStrategy strategy) {
    if (next_due_ && tick_clock() >= *next_due_) clean_now(stage_name, live, strategy);
  }
  /// The same where only kept and freed memory may be given back.
  void tick(std::string_view stage_name, CleanupStrategy strategy) {
    CleanableParts<> nothing;
    tick(stage_name, nothing, strategy);
  }
  /// Whether the resident size has reached the threshold; without one, whether the coordinator is
  /// aggressive. Error: kIo.
  Result<bool> should_cleanup();
  /// What the stage after the next cleanup will need; Smart looks at it. Forgotten by a cleanup.
  void expect_next_stage(Bytes need) { next_stage_ = need; }
  /// Something that is kept for reuse, whatever stage runs: a pool, a cache. Every cleanup cleans
  /// it too, by the same strategy, or aggressively where the coordinator is. It outlives this, and
  /// is thread-safe where several coordinators have it.
  void add_kept(MemoryCleanable& kept) { kept_.push_back(&kept); }

  [[nodiscard]] const CleanupSummary& summary() const { return summary_; }
  /// The last kCleanupHistory cleanups, oldest first; empty without track_cleanup_history.
  [[nodiscard]] const std::deque<CleanupStats>& history() const { return history_; }
  /// Logs `Memory cleanup summary: 5 operations, 127.3MB freed, 156420 items cleaned, 45ms total`
  /// at info; failed cleanups are named at its end.
  void log_summary() const;

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  Result<CleanupStats> clean(std::string_view stage_name, MemoryCleanable& output,
                             CleanupStrategy strategy, CleanupCause cause);
  Result<std::size_t> clean_output(std::string_view stage_name, MemoryCleanable& output,
                                   CleanupStrategy strategy, Bytes rss);
  void clean_now(std::string_view stage_name, MemoryCleanable& live, CleanupStrategy strategy);
  [[nodiscard]] SmartAction plan(std::string_view stage_name, const MemoryCleanable& output,
                                 Bytes rss) const;
  [[nodiscard]] std::optional<Bytes> threshold() const;
  void follow_trend(Bytes before, Bytes after);
  void record(const CleanupStats& stats);
  void schedule(TimePoint now, bool everything);
  [[nodiscard]] TimePoint tick_clock() const {
    return own_clock_ ? options_.clock() : coarse_steady_now();
  }

  MemoryCleanupConfig config_;
  CleanupOptions options_;
  bool own_clock_;
  log::Level detail_;
  std::vector<MemoryCleanable*> kept_;
  CleanupSummary summary_;
  std::deque<CleanupStats> history_;
  Bytes next_stage_{};
  Bytes growth_{};                 // moving average of what a stage adds
  std::optional<Bytes> previous_;  // resident after the last cleanup
  std::optional<TimePoint> next_due_;
  std::optional<TimePoint> next_forced_;
};

}  // namespace m3u_proxy::memory
