// WindowScratch: what the work on a window uses meanwhile: tools, texts that are being put
// together, and what the element before looked up. Nothing of it is a result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/formats/xmltv_checker.hpp>
#include <m3u_proxy/formats/xmltv_time.hpp>
#include <m3u_proxy/guide/guide_channel_record.hpp>
#include <m3u_proxy/guide/matching/guide_index.hpp>
#include <m3u_proxy/guide/programmes/listed_ids.hpp>
#include <m3u_proxy/guide/programmes/programme_record.hpp>
#include <m3u_proxy/rules/counts.hpp>
#include <m3u_proxy/rules/scratch.hpp>

namespace m3u_proxy::guide {

/// Not thread-safe.
struct WindowScratch {
  /// The outputs of a guide's channel; the first ones are kept.
  struct Chain {
    static constexpr std::size_t kMaxKept = 4096;
    explicit Chain(std::pmr::memory_resource* memory) : kept(memory) {}
    std::pmr::vector<std::uint32_t> kept;
    std::uint32_t rest = GuideIndex::kNone;
  };

  WindowScratch(memory::SlabPool& slabs, std::pmr::memory_resource* memory)
      : checker(memory),
        record(slabs),
        channel_record(slabs),
        id(memory),
        element(memory),
        plain(memory),
        last_outputs(memory),
        listed_ids(memory),
        new_id(memory) {}
  /// For another window: what refers to the one before is forgotten.
  void begin_window() { last_channel = last_stop = {}; }

  formats::XmltvChecker checker;
  rules::Scratch rules;
  ProgrammeRecord record;
  GuideChannelRecord channel_record;
  ProblemLog told_before;        ///< what work on the rest of an element finds again
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
  ListedIds listed_ids;
  std::string plain_id;
  std::pmr::string new_id;
};

}  // namespace m3u_proxy::guide
