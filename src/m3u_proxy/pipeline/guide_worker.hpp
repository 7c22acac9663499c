// GuideWorker: selects the programmes and channels of one window that the output wants, checks
// them, and writes them with their new ids and times. Runs on many windows at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/formats/m3u_writer.hpp>
#include <m3u_proxy/formats/xmltv_checker.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/formats/xmltv_writer.hpp>
#include <m3u_proxy/pipeline/guide_index.hpp>
#include <m3u_proxy/pipeline/guide_reader.hpp>
#include <m3u_proxy/pipeline/guide_record.hpp>
#include <m3u_proxy/rules/filter_set.hpp>
#include <m3u_proxy/rules/rule_set.hpp>
#include <m3u_proxy/rules/scratch.hpp>

namespace m3u_proxy::pipeline {

/// One window on its way through the stage, with everything the work on it needs. Recycled.
struct GuideWork {
  explicit GuideWork(memory::SlabPool& slabs);
  /// Forgets the results of the window before.
  void clear();

  /// A `<channel>` that belongs to an output; its text is in channel_text.
  struct Channel {
    std::uint32_t output;
    std::uint32_t begin;
    std::uint32_t size;
    bool first;  ///< the first output of this element
  };
  /// A written programme; kept only where duplicates are looked for.
  struct Programme {
    static constexpr std::int64_t kNoStop = std::numeric_limits<std::int64_t>::min();
    std::uint32_t output;
    std::int64_t start;
    std::int64_t stop;
    std::uint64_t title;  ///< hash of the folded title
    std::size_t end;      ///< in the text; it begins where the one before ends
  };
  /// The id or a name of a guide channel that belongs to no output.
  struct Unmatched {
    catalog::Key128 key;
    bool is_name;
  };

  memory::BudgetResource input_memory;
  memory::BudgetResource output_memory;
  GuideWindow window;
  formats::OutputText text;  ///< the programmes to write
  formats::OutputText channel_text;
  std::pmr::vector<Channel> channels;
  std::pmr::vector<Programme> programmes;
  std::pmr::vector<Unmatched> unmatched;
  ProblemLog problems;
  std::uint64_t seen = 0;     ///< programmes in the window
  std::uint64_t written = 0;  ///< programmes in the text
  rules::Counts filter_counts;
  rules::Counts rule_counts;
  std::chrono::nanoseconds cpu_time{};
  std::uint64_t consumed = 0;  ///< stored bytes of the source read so far
  std::optional<Error> error;

  // Tools
  formats::XmltvChecker checker;
  rules::Scratch scratch;
  ProgrammeRecord record;
  std::pmr::string id;       ///< of the guide's channel
  std::pmr::string element;  ///< a programme before it is made valid
  std::pmr::string plain;
  std::string folded;
  std::string_view last_channel;  ///< most programmes have the channel of the one before
  std::uint32_t last_output = GuideIndex::kNone;
  std::string new_start;
  std::string new_stop;
  std::string plain_id;
  std::pmr::string new_id;
};

/// What all windows of one source share.
struct GuideTask {
  const GuideOptions* options = nullptr;
  const GuideSource* source = nullptr;
  std::uint16_t source_number = 0;
  GuideIndex* index = nullptr;
  std::span<const std::string_view> ids;  ///< of outputs whose id is not the guide's
  const rules::FilterSet* filters = nullptr;
  const rules::RuleSet* rules = nullptr;
  std::int64_t from = std::numeric_limits<std::int64_t>::min();  ///< the window of time
  std::int64_t until = std::numeric_limits<std::int64_t>::max();
};

/// Thread-safe on different works. Throws memory::OverBudget.
class GuideWorker {
 public:
  explicit GuideWorker(const GuideTask& task);

  /// Does the work on one window.
  void process(GuideWork& work) const;
  /// Only offers its channels to the index (matching by case or name). Serial.
  void offer(GuideWork& work) const;

 private:
  struct Times {
    formats::XmltvTime start;
    std::optional<formats::XmltvTime> stop;
    bool remove_stop = false;
  };
  struct Programme {
    std::string_view element;
    const formats::XmltvStartTag* tag;
    Times times;
    bool id_as_it_is = true;  ///< the attribute's text is the id
  };

  /// What is known of an element's text.
  struct Known {
    bool clean;  ///< its bytes are UTF-8 and nothing that XML forbids
    bool good;   ///< it needs no check at all
  };
  void channel(GuideWork& work, std::string_view element, Known known, std::uint64_t byte) const;
  void note_unmatched(GuideWork& work, std::string_view element) const;
  void programme(GuideWork& work, std::string_view element, Known known, std::uint64_t byte) const;
  std::uint32_t look_up(GuideWork& work, std::string_view attribute) const;
  bool read_times(GuideWork& work, const formats::XmltvStartTag& tag, std::uint64_t byte,
                  Times& times) const;
  [[nodiscard]] bool is_wanted(std::uint32_t output, const Times& times) const;
  [[nodiscard]] bool in_window(std::int64_t start, std::optional<std::int64_t> stop) const;
  [[nodiscard]] std::int64_t delta_of(std::uint32_t output) const;
  bool write(GuideWork& work, const Programme& programme, std::uint32_t output,
             std::uint64_t byte) const;
  void prepare_id(GuideWork& work, std::uint32_t output) const;
  void prepare_times(GuideWork& work, const Times& times, std::int64_t delta) const;
  bool run_rules(GuideWork& work, const Programme& programme, Times& times, std::uint32_t& output,
                 std::uint64_t byte) const;
  bool take_changed_times(GuideWork& work, Times& times, std::uint64_t byte) const;
  void append_programme(GuideWork& work, const Programme& programme,
                        const formats::ProgrammeEdits& edits, bool new_content) const;
  void note_programme(GuideWork& work, std::uint32_t output, std::size_t begin, std::int64_t start,
                      std::optional<std::int64_t> stop) const;

  GuideTask task_;
  bool has_expressions_;
};

/// The id in an attribute's text: references resolved, spaces at the ends dropped, UTF-8.
void read_guide_id(std::pmr::string& out, std::string_view attribute);

}  // namespace m3u_proxy::pipeline
