// WindowResults: what was found in one window of a guide, or in a part of it, on its way to the
// guide that is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/formats/m3u_writer.hpp>
#include <m3u_proxy/guide/programmes/programme_pieces.hpp>
#include <m3u_proxy/guide/programmes/written_programme.hpp>
#include <m3u_proxy/rules/counts.hpp>
#include <m3u_proxy/spill/key.hpp>

namespace m3u_proxy::guide {

/// Filled by one thread, then read by another. Throws memory::OverBudget.
struct WindowResults {
  /// A `<channel>` that belongs to an output; its text is in channel_text.
  struct Channel {
    std::uint32_t output;
    std::uint32_t begin;
    std::uint32_t size;
    bool first;  ///< the first output of this element
  };
  /// A programme, and where its text ends; it begins where the one before ends.
  struct Programme {
    WrittenProgramme what;
    std::size_t end;
  };
  /// The id or a name of a guide channel, without case; for what other ways of matching would give.
  struct Noted {
    spill::Key128 key;
    bool is_name;
  };

  explicit WindowResults(std::pmr::memory_resource* memory)
      : pieces(memory), programmes(memory), channel_text(memory), channels(memory), noted(memory) {}
  /// Forgets all; `window` is the text that the next ones are of.
  void clear(std::string_view window);
  /// Whether these are enough for one part: one programme may go to any number of outputs, so a
  /// window's results have no bound.
  [[nodiscard]] bool is_full() const;
  /// Calls `take` with each of `programmes` and its text until it fails; all are text then.
  template <typename Take>
  Result<> for_each_programme(const Take& take) {
    const std::string_view all = pieces.text();
    std::size_t begin = 0;
    for (const Programme& programme : programmes) {
      M3U_CHECK(take(programme.what, all.substr(begin, programme.end - begin)));
      begin = programme.end;
    }
    return {};
  }

  ProgrammePieces pieces;                  ///< the programmes to write
  std::pmr::vector<Programme> programmes;  ///< these, only where each is looked at again
  formats::OutputText channel_text;
  std::pmr::vector<Channel> channels;
  std::pmr::vector<Noted> noted;
  ProblemLog problems;
  std::uint64_t seen = 0;  ///< programmes in the window
  std::uint64_t channels_seen = 0;
  std::uint64_t matched = 0;  ///< programmes of outputs that the source may provide
  std::uint64_t matched_unusable = 0;
  std::uint64_t unusable = 0;  ///< of these, skipped for what is wrong with them
  std::uint64_t written = 0;   ///< programmes in the pieces
  rules::Counts filter_counts;
  rules::Counts rule_counts;
};

}  // namespace m3u_proxy::guide
