// Guide: what the EPG Generation stage takes and gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/pipeline/stage.hpp>
#include <m3u_proxy/rules/counts.hpp>

namespace m3u_proxy::rules {
class FilterSet;
class RuleSet;
}  // namespace m3u_proxy::rules

namespace m3u_proxy::guide {

/// How guide channels find output channels; each includes the ones before it.
enum class GuideMatch : std::uint8_t { kId, kCaseFold, kName };
enum class TvgShift : std::uint8_t { kEmit, kApply };

struct GuideOptions {
  GuideMatch match = GuideMatch::kId;
  TvgShift tvg_shift = TvgShift::kEmit;
  bool window = false;  ///< false: all programmes are kept
  std::int64_t days_behind = 1;
  std::int64_t days_ahead = 7;
  bool include_past_programmes = false;
  bool deduplicate_programmes = false;
  bool strict_dtd = false;
  bool normalize_to_utc = false;
  bool all_channels = false;
  /// How much of a source is looked at in one step; never changes the output.
  std::size_t chunk_bytes = std::size_t{256} << 10U;
};

/// One EPG source. `open` may be called twice: matching by case or name reads it twice.
struct EpgSource {
  std::string name;
  std::string type = "xmltv";
  std::string url;                                                ///< without credentials
  std::int64_t time_offset_seconds = 0;                           ///< added to its times
  std::function<Result<std::unique_ptr<io::ByteSource>>()> open;  ///< inflated, as stored otherwise
};

/// One channel of the playlist, as the guide has to know it.
struct GuideChannel {
  std::string_view tvg_id{};  ///< as the playlist has it, without a shift; "" for none
  std::string_view tvg_name{};
  std::string_view channel_name{};
  std::string_view tvg_logo{};
  std::string_view number{};
  std::string_view tvg_shift{};  ///< hours, such as "1", "-2.5", "+1"; "" = 0
};

/// What became of one EPG source.
struct EpgSourceResult {
  std::string name;
  std::uint64_t items = 0;     ///< programmes seen
  std::uint64_t channels = 0;  ///< `<channel>`s seen
  std::uint64_t unusable = 0;  ///< programmes skipped for what is wrong with them
  std::uint64_t matched = 0;   ///< programmes of channels that this source may provide
  std::uint64_t matched_unusable = 0;
  std::uint64_t cut_up = 0;   ///< elements without an end
  std::uint64_t written = 0;  ///< programmes of it in the output
  std::uint64_t bytes = 0;    ///< read, inflated
  bool partial = false;       ///< it broke off; what was complete is used
  bool failed = false;        ///< nothing of it could be used, or there was nothing in it
  std::string error;          ///< why it is partial or failed; else what is worth knowing, or ""
};

/// What a guide generation did.
struct GuideResult {
  std::uint64_t channels = 0;                 ///< `<channel>`s written
  std::uint64_t programmes = 0;               ///< `<programme>`s written
  std::uint64_t matched = 0;                  ///< channels of the playlist that have programmes
  std::uint64_t of = 0;                       ///< channels of the playlist with a guide id
  std::uint64_t more_with_casefold = 0;       ///< how many more `match = "casefold"` would give
  std::uint64_t more_with_name = 0;           ///< how many more `match = "name"` would give
  std::vector<std::string> unmatched_sample;  ///< up to 100 tvg-ids without programmes
  std::vector<EpgSourceResult> sources;
  ProblemLog problems;
  rules::Counts filter_counts;
  rules::Counts rule_counts;
  rules::Counts channel_rule_counts;
  /// Nothing was written, the last published guide should stay: no source could be used, or one
  /// could not and the others have no programme for these channels.
  bool failed = false;
};

}  // namespace m3u_proxy::guide
