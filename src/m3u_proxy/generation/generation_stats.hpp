// GenerationStats: what a generation did, how long it took and what memory it used; the content
// of the report file, the summary line and the generation tree.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/channels/source_stats.hpp>
#include <m3u_proxy/generation/memory_report.hpp>
#include <m3u_proxy/generation/plugin_stats.hpp>
#include <m3u_proxy/pipeline/pressure_event.hpp>

namespace m3u_proxy::generation {

struct StageStats {
  std::string name;  ///< "Source Loading" …
  double execution_time_ms = 0;
  double total_time_pc = 0;
  std::string strategy = "standard";
  double peak_memory_mb = 0;
  std::uint64_t items_in = 0;
  std::uint64_t items_out = 0;
};

struct BudgetStats {
  double limit_mb = 0;  ///< 0: no limit
  double peak_reserved_mb = 0;
  double unaccounted_peak_mb = 0;
  std::map<std::string, double> by_tag;  ///< peak of each tag, MB
};

struct SpillStats {
  std::uint64_t bytes = 0;
  std::uint64_t files = 0;
};

/// A filter or a rule.
struct ExpressionStats {
  std::string name;
  std::string applies_to;
  std::uint64_t evaluated = 0;
  std::uint64_t matched = 0;
  std::uint64_t changed = 0;
};

struct GuideStats {
  std::uint64_t matched = 0;
  std::uint64_t of = 0;
  std::uint64_t more_with_casefold = 0;
  std::uint64_t more_with_name = 0;
  std::vector<std::string> unmatched_sample;
};

struct GenerationStats {
  std::string proxy;
  double duration_ms = 0;
  double fsync_ms = 0;  ///< not part of any stage
  std::uint64_t channels = 0;
  std::uint64_t programmes = 0;
  std::uint64_t edited = 0;  ///< channels that people changed or hid
  std::uint64_t hidden = 0;  ///< those of them that they hid
  std::uint64_t sources = 0;
  std::uint64_t filters = 0;
  double channels_per_second = 0;
  double peak_memory_usage_mb = 0;
  double memory_efficiency = 0;  ///< channels per MB
  std::uint64_t memory_cleanup_operations = 0;
  double memory_freed_mb = 0;
  std::uint64_t items_cleaned = 0;
  double cleanup_ms = 0;
  std::map<std::string, std::uint64_t> stage_memory_usage;  ///< bytes
  std::vector<StageStats> stages;
  std::vector<pipeline::PressureEvent> pressure_events;
  BudgetStats budget;
  MemoryReport memory{};
  SpillStats spill;
  std::vector<ExpressionStats> rules;
  std::vector<ExpressionStats> filters_detail;
  std::vector<channels::SourceStats> sources_detail;
  GuideStats guide;
  std::vector<PluginStats> plugins;
  ProblemLog problems;
  std::vector<std::string> warnings{};  ///< what is surely not meant, such as rules without a match
  std::uint64_t added = 0;              ///< channels that the last published list did not have
  std::uint64_t removed = 0;            ///< and those it had and this one has not
  bool has_previous = false;
  bool guide_written = false;
  std::string playlist_path;
  std::string guide_path;  ///< empty: no guide
  /// Something was not as it should be although the result was published (exit 3).
  bool degraded = false;
};

}  // namespace m3u_proxy::generation
