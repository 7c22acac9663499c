// ProgrammeOutput: the last step of every programme: one that its output has already is dropped
// where that is asked for; the others are counted and go to the text of the guide.
#pragma once

#include <cstdint>
#include <string_view>

#include <m3u_proxy/guide/programmes/guide_duplicates.hpp>
#include <m3u_proxy/guide/programmes/guide_text.hpp>
#include <m3u_proxy/guide/programmes/written_programme.hpp>
#include <m3u_proxy/guide/windows/window_results.hpp>
#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::guide {

/// Not thread-safe. Errors: kOverBudget, kDiskFull, kIo.
class ProgrammeOutput {
 public:
  enum class Duplicates : std::uint8_t { kKeep, kDrop };
  ProgrammeOutput(const pipeline::RunContext& context, Duplicates duplicates)
      : duplicates_(duplicates), seen_(*context.budget, context.spill) {}

  /// Where they go; lives longer. Before the first one.
  void set_text(GuideText& text) { text_ = &text; }
  /// Whether a programme that is about to be appended is to be dropped, which is counted.
  Result<bool> drops(const WrittenProgramme& programme);
  /// Appends `line`, a programme as it is to be written.
  Result<> append(std::string_view line);
  /// Appends the programmes of a window, but for those that are to be dropped.
  Result<> append_all(WindowResults& results);

  /// How many were appended, and dropped.
  [[nodiscard]] std::uint64_t written() const { return written_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  Duplicates duplicates_;
  GuideDuplicates seen_;
  GuideText* text_ = nullptr;
  std::uint64_t written_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace m3u_proxy::guide
