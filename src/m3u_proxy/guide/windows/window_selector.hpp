// GuideWorker: selects the programmes and channels of one window that the output wants, and sees
// to it that they are well-formed. Runs on many windows at once.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include <m3u_proxy/guide/programmes/programme_writer.hpp>
#include <m3u_proxy/guide/source_context.hpp>
#include <m3u_proxy/guide/windows/guide_item.hpp>

namespace m3u_proxy::guide {

/// Thread-safe on different works. Throws memory::OverBudget.
class GuideWorker {
 public:
  explicit GuideWorker(const GuideTask& task) : task_(task), writer_(task) {}

  /// Does the work on one window, or on the first part of it, see GuideWork::has_more().
  void process(GuideWork& work) const;
  /// Does the next part.
  void go_on(GuideWork& work) const;

 private:
  std::size_t element(GuideWork& work, const formats::XmltvSpan& span) const;
  std::size_t channel(GuideWork& work, const formats::XmltvSpan& span, bool good) const;
  void append_channel(GuideWork& work, std::string_view element, std::uint64_t byte) const;
  void note(GuideWork& work, std::string_view content) const;
  std::size_t programme(GuideWork& work, const formats::XmltvSpan& span, bool good) const;
  static bool read_tag(GuideWork& work, SelectedProgramme& one, bool& checked);
  static bool check(GuideWork& work, SelectedProgramme& one);
  static std::size_t skip_programme(GuideWork& work);
  static std::size_t skip_matched(GuideWork& work);
  void look_up(GuideWork& work, std::string_view attribute) const;
  template <typename OnOutput>
  bool any_output(const GuideWork& work, std::size_t from, const OnOutput& on_output) const;
  static bool read_times(GuideWork& work, SelectedProgramme& one, bool good);
  [[nodiscard]] bool may_provide(std::uint32_t output) const;
  [[nodiscard]] bool is_wanted(std::uint32_t output, const ProgrammeTimes& times) const;

  GuideTask task_;
  ProgrammeWriter writer_;
};

}  // namespace m3u_proxy::guide
