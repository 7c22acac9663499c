// ProgrammeWriter: writes a selected programme for one output, with the id and the times it has
// there and with what rules make of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/formats/xmltv_time.hpp>
#include <m3u_proxy/formats/xmltv_writer.hpp>
#include <m3u_proxy/guide/source_context.hpp>
#include <m3u_proxy/guide/windows/guide_item.hpp>

namespace m3u_proxy::guide {

struct ProgrammeTimes {
  formats::XmltvTime start;
  std::optional<formats::XmltvTime> stop;
  bool remove_stop = false;  ///< what is there is none
};

/// A programme on its way from the guide to its outputs.
struct SelectedProgramme {
  std::string_view element;
  std::uint64_t byte = 0;  ///< where it began in the source
  bool in_window = true;   ///< else the element is a repaired copy
  std::size_t tag_size = 0;
  // Attributes, as written:
  std::string_view channel{};
  std::string_view start{};
  std::string_view stop{};
  bool has_channel = false;
  bool has_stop = false;
  ProgrammeTimes times{};
};

/// Appends the form of `element`, from `byte` of its source, that is valid under xmltv.dtd, and
/// reports what was left out.
void append_valid(std::pmr::string& out, std::string_view element, std::uint64_t byte,
                  ProblemLog& problems);

/// Thread-safe on different works. Throws memory::OverBudget.
class ProgrammeWriter {
 public:
  explicit ProgrammeWriter(const SourceContext& source)
      : source_(source), has_expressions_(source.has_expressions()) {}

  /// Writes `one`, which is well-formed and whose id is in item.scratch.id, unless filters drop it.
  void write(GuideItem& item, const SelectedProgramme& one, std::uint32_t output) const;

 private:
  void prepare_id(GuideItem& item, std::uint32_t output) const;
  void prepare_times(GuideItem& item, const SelectedProgramme& one, std::int64_t delta) const;
  [[nodiscard]] bool is_rewritten(const formats::XmltvTime& time, std::int64_t delta) const;
  bool run_rules(GuideItem& item, const SelectedProgramme& one, const formats::XmltvStartTag& tag,
                 bool new_times, ProgrammeTimes& times, std::uint32_t& output) const;
  bool take_changed_times(GuideItem& item, const SelectedProgramme& one,
                          ProgrammeTimes& times) const;
  void append_changed(GuideItem& item, const SelectedProgramme& one,
                      const formats::XmltvStartTag& tag, const formats::ProgrammeEdits& edits,
                      bool new_content) const;
  static void note_programme(GuideItem& item, std::uint32_t output, std::size_t begin,
                             const ProgrammeTimes& times);

  SourceContext source_;
  bool has_expressions_;
};

}  // namespace m3u_proxy::guide
