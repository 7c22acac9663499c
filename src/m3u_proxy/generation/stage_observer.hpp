// StageObserver: what is done at the end of each stage: its figures are taken, it is logged, and
// what it leaves behind is cleaned.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/generation/generation_scope.hpp>
#include <m3u_proxy/generation/generation_stats.hpp>
#include <m3u_proxy/memory/cleanable.hpp>

namespace m3u_proxy::generation {

/// A stage whose pass is over.
struct FinishedStage {
  pipeline::Stage stage;
  std::uint64_t items_in;
  std::uint64_t items_out;
  std::string_view done_what;              ///< such as "channels written", for the log
  std::string_view strategy = "standard";  ///< where no plugins work in it
};

/// Not thread-safe.
class StageObserver {
 public:
  explicit StageObserver(GenerationScope& scope) : scope_(&scope) {}

  /// The stages that are finished from now on belong to another pass.
  void begin_pass() { pass_peak_mb_ = 0; }
  void finish(const FinishedStage& done, memory::MemoryCleanable& leavings);

  [[nodiscard]] std::vector<StageStats>& stages() { return stages_; }
  /// Resident bytes of the process at the end of each stage.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& memory_usage() const {
    return memory_usage_;
  }

 private:
  void observe(std::string_view name);
  void clean(pipeline::Stage stage, memory::MemoryCleanable& leavings);
  void expect_stage_after(pipeline::Stage stage);

  GenerationScope* scope_;
  double pass_peak_mb_ = 0;
  std::vector<StageStats> stages_;
  std::map<std::string, std::uint64_t> memory_usage_;
};

}  // namespace m3u_proxy::generation
