// MemoryCleanupCoordinator: gives memory back between the stages of a generation.
//
// Each cleanup measures, cleans the stage's output by a strategy, returns free memory to the
// system where the strategy says so, measures again, logs and counts. Not thread-safe: one owner.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/memory/cleanable.hpp>
#include <m3u_proxy/memory/monitor.hpp>
#include <m3u_proxy/memory/process_memory.hpp>

namespace m3u_proxy::memory {

/// What one cleanup did.
struct CleanupStats {
  std::string stage;
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
};

/// What Smart looks at.
struct SmartInputs {
  MemoryUsage usage;               ///< of the stage's output
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
  ProcessMemory* process = nullptr;    ///< nullptr: process_memory()
  SteadyClock clock;                   ///< empty: std::chrono::steady_clock
  std::function<void()> release_heap;  ///< empty: release_free_heap()
};

class MemoryCleanupCoordinator {
 public:
  /// Frees memory that is kept for reuse (a pool's slabs) and returns how much.
  using ReleaseHook = std::function<Bytes()>;

  /// `aggressive`: every cleanup returns free memory to the system, whatever its strategy.
  /// `threshold_mb`: resident size at which cleanup is called for; none: memory is never short.
  explicit MemoryCleanupCoordinator(bool aggressive = false,
                                    std::optional<double> threshold_mb = std::nullopt,
                                    CleanupOptions options = {});

  /// Cleans what `stage_name` leaves behind; logs `Memory cleanup after 'NAME': …` at debug
  /// (module "memory.cleanup"). Error: kIo (memory could not be measured; nothing was cleaned).
  Result<CleanupStats> cleanup_between_stages(std::string_view stage_name, MemoryCleanable& output,
                                              CleanupStrategy strategy);
  /// Whether the resident size has reached the threshold; without one, whether the coordinator is
  /// aggressive. Error: kIo.
  Result<bool> should_cleanup();
  /// What the stage after the next cleanup will need; Smart looks at it. Forgotten by a cleanup.
  void expect_next_stage(Bytes need) { next_stage_ = need; }
  /// Called when a cleanup returns memory to the system: for pools and caches. The hook must live
  /// as long as the coordinator.
  void add_release_hook(ReleaseHook hook) { hooks_.push_back(std::move(hook)); }

  [[nodiscard]] const CleanupSummary& summary() const { return summary_; }
  /// Logs `Memory cleanup summary: 5 operations, 127.3MB freed, 156420 items cleaned, 45ms total`
  /// at info.
  void log_summary() const;

 private:
  [[nodiscard]] SmartAction plan(std::string_view stage_name, const MemoryCleanable& output,
                                 Bytes rss) const;
  void release_to_system();
  void follow_trend(Bytes before, Bytes after);
  void record(const CleanupStats& stats);

  bool aggressive_;
  std::optional<Bytes> threshold_;
  CleanupOptions options_;
  std::vector<ReleaseHook> hooks_;
  CleanupSummary summary_;
  Bytes next_stage_{};
  Bytes growth_{};                 // moving average of what a stage adds
  std::optional<Bytes> previous_;  // resident after the last cleanup
};

}  // namespace m3u_proxy::memory
