// DynamicLimit: a memory limit that follows the system while a job runs (max_memory_mb = "auto").
//
// It goes by the control group's limit and the machine's size, which may change under a running
// process, by what the machine has available, and by how long tasks wait for memory. It comes down
// at once when memory gets short and goes up slowly, in steps, when that has passed; never below
// what the job needs, nor above the automatic limit. Not thread-safe: one owner.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/memory/memory_limit.hpp>
#include <m3u_proxy/memory/monitor.hpp>

namespace m3u_proxy::memory {

/// One change of the limit, for the report.
struct LimitChange {
  double from_mb = 0;
  double to_mb = 0;
  std::string why;
};

struct DynamicLimitOptions {
  Bytes fixed{};  ///< what the process takes before any work; the Budget gets the limit without it
  Bytes least{};  ///< below this the job cannot work; with `fixed`
  std::chrono::seconds interval{1};  ///< least time between two looks at the system
  std::filesystem::path root = "/";  ///< for tests
  ProcessMemory* process = nullptr;  ///< nullptr: process_memory()
  SteadyClock clock{};               ///< empty: the system's
  /// Told at each look what the system says and the limit that follows; may be empty.
  std::function<void(const MemoryReadings&, Bytes limit)> on_look{};
};

class DynamicLimit {
 public:
  /// Changes are kept for the report up to this many.
  static constexpr std::size_t kMaxChanges = 100;

  /// `limit`: of the process, as it has been set by now. `monitor` may be nullptr. Both must
  /// outlive this.
  DynamicLimit(Budget& budget, SimpleMemoryMonitor* monitor, Bytes limit,
               DynamicLimitOptions options);

  /// Looks at the system when the interval has passed, and then sets the limit of budget and
  /// monitor and logs `Memory limit 512 MB → 384 MB: …` when it changes. Called often; takes
  /// nanoseconds otherwise.
  void update() {
    if (now() >= next_look_) follow();
  }
  /// Of the process, now.
  [[nodiscard]] Bytes limit() const { return limit_; }
  [[nodiscard]] const std::vector<LimitChange>& changes() const { return changes_; }

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  void follow();
  void adapt(const MemoryReadings& readings, Bytes rss);
  [[nodiscard]] ChosenLimit wanted(const MemoryReadings& readings, Bytes rss);
  [[nodiscard]] bool steady(Bytes target, bool ordered);
  void change_to(Bytes limit, std::string why);
  [[nodiscard]] TimePoint now() const {
    return options_.clock ? options_.clock() : coarse_steady_now();
  }

  Budget* budget_;
  SimpleMemoryMonitor* monitor_;
  Bytes limit_;
  DynamicLimitOptions options_;
  TimePoint next_look_;
  TimePoint next_stall_;  // the average over 10 s says the same for a while
  int higher_for_ = 0;    // looks in a row that would have allowed more
  std::vector<LimitChange> changes_;
};

}  // namespace m3u_proxy::memory
