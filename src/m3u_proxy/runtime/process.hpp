// Process: who owns what all runs of a process share: the memory limit and its Budget, the pool of
// slabs, the account of temporary files, the watch over memory, and the plugins.
//
// There is one in a process, made before any work, since it measures what the process takes without
// any. Runs (run.hpp) go on under it one after the other or side by side: they share one limit, one
// charge for what nobody reserved and one level of pressure.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/memory/cleanable_set.hpp>
#include <m3u_proxy/memory/cleanup.hpp>
#include <m3u_proxy/memory/memory_config.hpp>
#include <m3u_proxy/memory/memory_watch.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>
#include <m3u_proxy/runtime/cleanup_log.hpp>
#include <m3u_proxy/runtime/process_plugins.hpp>
#include <m3u_proxy/sources/request_pace.hpp>
#include <m3u_proxy/spill/spill_space.hpp>

namespace m3u_proxy::runtime {

struct ProcessOptions {
  memory::MemoryLimitSetting memory_limit{};
  double warning_threshold = 0.8;  ///< share of the limit, 0 to 1
  /// What nobody reserves may grow by so much before the next look at the process's memory charges
  /// it: room that is left free below a limit.
  Bytes between_looks = mib(3);
  memory::PressureThresholds pressure_thresholds = memory::PressureThresholds::kPercent;
  memory::MemoryPoolConfig pools{};
  memory::MemoryCleanupConfig cleanup{};
  std::filesystem::path spill_folder{};  ///< an existing one; of temporary files
  /// Somebody named the folder: it has to be one that can be used, on a disk.
  bool spill_folder_is_named = false;
  std::uint64_t max_spill_mb =
      0;  ///< of temporary files; 0: what the disk has, less 5 % (at most 1 GB)
  PluginOptions plugins{};
};

/// Thread-safe, unless something says otherwise. Outlives its runs.
class Process {
 public:
  /// Errors: kOverBudget when the memory limit is below what the smallest job needs, with the least
  /// that works; kConfig when the spill folder that was named cannot be used, or plugins are wanted
  /// in a build without.
  static Result<std::unique_ptr<Process>> create(ProcessOptions options);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] memory::Budget& budget() { return budget_; }
  [[nodiscard]] memory::SlabPool& slabs() { return slabs_; }
  [[nodiscard]] memory::MemoryWatch& memory() { return *memory_; }
  [[nodiscard]] ProcessPlugins& plugins() { return *plugins_; }
  /// Of the process, now; none: no limit.
  [[nodiscard]] std::optional<Bytes> memory_limit() const { return memory_->limit(); }
  /// Whether the process could start with a limit. Error: kOverBudget, with the least that works.
  [[nodiscard]] Result<> check_memory_limit(const memory::MemoryLimitSetting& setting) const;
  /// Another limit from now on, for runs under way too. False: more than that is taken now, so it
  /// stays as it was. Error: as check_memory_limit().
  Result<bool> change_memory_limit(const memory::MemoryLimitSetting& setting);
  /// Of the accounts that runs ask.
  [[nodiscard]] const std::shared_ptr<sources::AccountPaces>& account_paces() const {
    return account_paces_;
  }
  /// What the process took before any work.
  [[nodiscard]] Bytes fixed() const { return memory_->fixed(); }

  /// The disk for one run, inside the process's account of temporary files.
  [[nodiscard]] std::unique_ptr<spill::SpillSpace> make_spill_space();
  [[nodiscard]] const std::filesystem::path& spill_folder() const { return options_.spill_folder; }
  [[nodiscard]] bool spill_folder_is_named() const { return options_.spill_folder_is_named; }
  /// What all runs have in temporary files, and ever wrote there.
  [[nodiscard]] spill::SpillStats spilled() const { return spill_.stats(); }

  /// What is kept between runs and requests besides pools and plugins: the caches of a service.
  [[nodiscard]] memory::CleanableSet& kept() { return kept_; }
  /// For a run: cleans what the process keeps (pools, plugin instances, kept()) with what it is
  /// given.
  [[nodiscard]] std::unique_ptr<memory::MemoryCleanupCoordinator> make_cleanup_coordinator();
  /// From the next coordinator on.
  void set_cleanup(const memory::MemoryCleanupConfig& cleanup);
  [[nodiscard]] memory::MemoryCleanupConfig cleanup() const;
  /// Of all runs.
  [[nodiscard]] const CleanupLog& cleanups() const { return cleanups_; }
  /// Gives back what is kept for reuse, for a run that did not fit.
  void release_kept();
  /// Between runs: gives back what the next one makes again soon, of kept() what nobody used since
  /// the last look, and the pages of the program that only runs need.
  void rest();

 private:
  struct LimitPlan {
    std::optional<Bytes> limit{};
    Bytes program{};  ///< of it, what the Budget does not get
    std::optional<memory::DynamicLimitOptions> follow{};
  };
  explicit Process(ProcessOptions options);
  [[nodiscard]] Result<LimitPlan> plan_limit(const memory::MemoryLimitSetting& setting,
                                             Bytes fixed) const;
  void set_budget(const LimitPlan& plan);
  Result<> set_memory_limit();
  Result<> check_spill_folder();

  ProcessOptions options_;
  mutable std::mutex mutex_;  // of options_.cleanup
  memory::Budget budget_;
  memory::SlabPool slabs_;
  memory::CleanableSet kept_;
  std::unique_ptr<memory::MemoryWatch> memory_;
  spill::SpillSpace spill_;  // the account; runs have the folders
  CleanupLog cleanups_;
  std::unique_ptr<ProcessPlugins> plugins_;
  std::shared_ptr<sources::AccountPaces> account_paces_ = std::make_shared<sources::AccountPaces>();
};

/// The least memory that a run of any size needs above the process itself: with less and smaller
/// live batches it takes longer.
Bytes least_working_memory();

}  // namespace m3u_proxy::runtime
