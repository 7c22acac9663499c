// StatsCollector: puts together what the parts of a generation did, how long it took and what
// memory it used.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <m3u_proxy/generation/generation_scope.hpp>
#include <m3u_proxy/generation/generation_stats.hpp>
#include <m3u_proxy/generation/guide_pass.hpp>
#include <m3u_proxy/generation/load_pass.hpp>
#include <m3u_proxy/generation/stage_observer.hpp>
#include <m3u_proxy/generation/write_pass.hpp>

namespace m3u_proxy::generation {

/// The passes of a generation, which are over.
struct FinishedPasses {
  LoadPass& load;
  const WritePass& write;
  const GuidePass& guide;
  StageObserver& stages;
};

/// For one generation; not thread-safe.
class StatsCollector {
 public:
  /// Time counts from here on.
  explicit StatsCollector(const GenerationScope& scope) : scope_(scope) {}

  /// Memory counts from here on. Error: when the run's monitor cannot measure it.
  Result<> begin();
  /// Logs and returns all of it; once. `waited_for_disk` is no part of the duration.
  GenerationStats collect(const FinishedPasses& passes, std::chrono::nanoseconds waited_for_disk);

 private:
  void warn(std::string warning);
  void add_expressions(const FinishedPasses& passes);
  void add_set(const std::vector<std::string>& names, const rules::Counts& counts,
               std::string_view applies_to, std::vector<ExpressionStats>& into);
  void warn_of_unmatched(const std::vector<ExpressionStats>& all, std::string_view kind,
                         bool guide_was_read);
  void add_sources(const LoadPass& load);
  void add_plugins();
  void add_guide(const GuidePass& pass);
  void add_memory(std::uint64_t kept);
  void add_cleanup();
  void log_problems() const;

  const GenerationScope& scope_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::optional<memory::RunWatermark> watermark_;  ///< nullopt: nobody looks at memory
  memory::CleanupSummary cleanup_before_{};
  GenerationStats stats_;
};

}  // namespace m3u_proxy::generation
