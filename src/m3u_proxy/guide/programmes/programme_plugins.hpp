// ProgrammePlugins: the programmes' way through plugins before they are written.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <m3u_proxy/guide/guide.hpp>
#include <m3u_proxy/guide/matching/guide_index.hpp>
#include <m3u_proxy/guide/programmes/programme_output.hpp>
#include <m3u_proxy/guide/programmes/programme_strategy.hpp>
#include <m3u_proxy/guide/windows/window_results.hpp>

namespace m3u_proxy::guide {

/// Not thread-safe. Errors: those of the plugins and of ProgrammeOutput.
class ProgrammePlugins {
 public:
  /// What goes to `output` and what is reported in `problems` come in the order of the programmes.
  /// All live longer.
  ProgrammePlugins(const pipeline::RunContext& context, const GuideOptions& options,
                   GuideIndex& index, ProgrammeOutput& output, ProblemLog& problems);

  /// Before the first process(); they live longer. `tell_pressure` is called before they work.
  void set(std::vector<ProgrammeStrategy*> plugins,
           std::function<void(memory::MemoryPressureLevel)> tell_pressure) {
    plugins_ = std::move(plugins);
    tell_pressure_ = std::move(tell_pressure);
  }
  [[nodiscard]] bool empty() const { return plugins_.empty(); }

  /// Takes the programmes of a window of the source through all plugins to the output.
  Result<> process(WindowResults& results, std::uint16_t source);
  /// After the last window: the same with what the plugins held back. Error also: kCancelled.
  Result<> flush();

 private:
  Result<> pass_from(std::size_t first);
  Result<> take_rows();
  std::optional<WrittenProgramme> place(const ProgrammeRows::Row& row);

  const pipeline::RunContext* context_;
  const GuideOptions* options_;
  GuideIndex* index_;
  ProgrammeOutput* output_;
  ProblemLog* problems_;
  memory::BudgetResource memory_;
  std::vector<ProgrammeStrategy*> plugins_;
  std::function<void(memory::MemoryPressureLevel)> tell_pressure_;
  ProgrammeRows rows_;  // on their way through them
  std::pmr::string plain_;
  std::pmr::string line_;
  std::string folded_;
};

}  // namespace m3u_proxy::guide
