// WindowSelector: selects the programmes and channels of one window that the output wants, and sees
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
class WindowSelector {
 public:
  explicit WindowSelector(const SourceContext& source) : source_(source), writer_(source) {}

  /// Selects in one window, or in the first part of it, see WindowInput::has_more().
  void process(GuideItem& item) const;
  /// Does the next part.
  void go_on(GuideItem& item) const;

 private:
  std::size_t element(GuideItem& item, const formats::XmltvSpan& span) const;
  std::size_t channel(GuideItem& item, const formats::XmltvSpan& span, bool good) const;
  void append_channel(GuideItem& item, std::string_view element, std::uint64_t byte) const;
  void note(GuideItem& item, std::string_view content) const;
  std::size_t programme(GuideItem& item, const formats::XmltvSpan& span, bool good) const;
  static bool read_tag(GuideItem& item, SelectedProgramme& one, bool& checked);
  static bool check(GuideItem& item, SelectedProgramme& one);
  static std::size_t skip_programme(GuideItem& item);
  static std::size_t skip_matched(GuideItem& item);
  void look_up(GuideItem& item, std::string_view attribute) const;
  template <typename OnOutput>
  bool any_output(const GuideItem& item, std::size_t from, const OnOutput& on_output) const;
  static bool read_times(GuideItem& item, SelectedProgramme& one, bool good);
  [[nodiscard]] bool may_provide(std::uint32_t output) const;
  [[nodiscard]] bool is_wanted(std::uint32_t output, const ProgrammeTimes& times) const;

  SourceContext source_;
  ProgrammeWriter writer_;
};

}  // namespace m3u_proxy::guide
