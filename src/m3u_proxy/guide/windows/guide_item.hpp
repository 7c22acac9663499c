// GuideWork: one window of a guide on its way through EPG Generation, with everything that the
// work on it needs. Recycled, so that a window costs no allocation in the ordinary case.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/formats/m3u_writer.hpp>
#include <m3u_proxy/formats/xmltv_checker.hpp>
#include <m3u_proxy/formats/xmltv_time.hpp>
#include <m3u_proxy/guide/guide_channel_record.hpp>
#include <m3u_proxy/guide/matching/guide_index.hpp>
#include <m3u_proxy/guide/programmes/programme_pieces.hpp>
#include <m3u_proxy/guide/programmes/programme_record.hpp>
#include <m3u_proxy/guide/windows/guide_reader.hpp>
#include <m3u_proxy/pipeline/pass_engine.hpp>
#include <m3u_proxy/rules/counts.hpp>
#include <m3u_proxy/rules/scratch.hpp>
#include <m3u_proxy/spill/key.hpp>

namespace m3u_proxy::guide {

struct GuideWork final : pipeline::PassItem {
  explicit GuideWork(memory::SlabPool& slabs);
  /// Forgets the window before and its results.
  void clear();
  /// Forgets the results of the part before.
  void clear_results();
  /// Whether the results are enough for one part: one programme may go to any number of outputs,
  /// so a window's results have no bound.
  [[nodiscard]] bool is_full() const;
  /// Whether the window has more than what was worked on so far.
  [[nodiscard]] bool has_more() const { return next_element != window.elements.size(); }

  /// A `<channel>` that belongs to an output; its text is in channel_text.
  struct Channel {
    std::uint32_t output;
    std::uint32_t begin;
    std::uint32_t size;
    bool first;  ///< the first output of this element
  };
  /// A written programme; kept only where duplicates are looked for, and then all are text.
  struct Programme {
    static constexpr std::int64_t kNoStop = std::numeric_limits<std::int64_t>::min();
    std::uint32_t output;
    std::int64_t start;
    std::int64_t stop;
    std::uint64_t title;  ///< hash of the folded title
    std::size_t end;      ///< in the text; it begins where the one before ends
  };
  /// The id or a name of a guide channel, without case; for what other ways of matching would give.
  struct Noted {
    spill::Key128 key;
    bool is_name;
  };

  /// The outputs of a guide's channel; the first ones are kept.
  struct Chain {
    static constexpr std::size_t kMaxKept = 4096;
    explicit Chain(std::pmr::memory_resource* memory) : kept(memory) {}
    std::pmr::vector<std::uint32_t> kept;
    std::uint32_t rest = GuideIndex::kNone;
  };

  memory::BudgetResource input_memory;
  memory::BudgetResource output_memory;
  GuideWindow window;
  bool clean = false;            ///< the window is good UTF-8
  std::size_t next_element = 0;  ///< the first one that is not done with
  std::size_t outputs_done = 0;  ///< of that one
  GuidePieces pieces;            ///< the programmes to write
  formats::OutputText channel_text;
  std::pmr::vector<Channel> channels;
  std::pmr::vector<Programme> programmes;
  std::pmr::vector<Noted> noted;
  ProblemLog problems;
  ProblemLog told_before;  ///< what work on the rest of an element finds again
  std::uint64_t seen = 0;  ///< programmes in the window
  std::uint64_t channels_seen = 0;
  std::uint64_t matched = 0;  ///< programmes of outputs that the source may provide
  std::uint64_t matched_unusable = 0;
  std::uint64_t unusable = 0;  ///< of these, skipped for what is wrong with them
  std::uint64_t written = 0;   ///< programmes in the pieces
  rules::Counts filter_counts;
  rules::Counts rule_counts;
  std::uint64_t consumed = 0;  ///< stored bytes of the source read so far

  // Tools
  formats::XmltvChecker checker;
  rules::Scratch scratch;
  ProgrammeRecord record;
  GuideChannelRecord channel_record;
  rules::Counts counted_before;  ///< of rules that run once more
  std::pmr::string id;           ///< of the guide's channel
  std::pmr::string element;      ///< a programme before it is made valid
  std::pmr::string plain;
  std::string folded;
  std::string_view last_channel;  ///< most programmes have the channel of the one before
  Chain last_outputs;
  std::string_view last_stop;  ///< most begin when the one before ends
  std::optional<formats::XmltvTime> last_stop_time;
  std::string new_start;
  std::string new_stop;
  /// Ids in the playlist that were looked up lately, by the last bits of the output; longer ones
  /// are not kept.
  struct ListedId {
    std::uint32_t output = GuideIndex::kNone;
    std::uint8_t size = 0;
    std::array<char, 43> text;  // not initialised
    ListedId() {}               // NOLINT(modernize-use-equals-default): leaves `text` alone
  };
  static constexpr std::size_t kListedIds = 2048;
  std::pmr::vector<ListedId> listed_ids;
  std::string plain_id;
  std::pmr::string new_id;
};

/// The id in an attribute's text: references resolved, spaces at the ends dropped, UTF-8.
void read_guide_id(std::pmr::string& out, std::string_view attribute);

}  // namespace m3u_proxy::guide
