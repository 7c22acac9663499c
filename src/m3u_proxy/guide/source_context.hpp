// SourceContext: what the work on all windows of one EPG source shares.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include <m3u_proxy/guide/guide.hpp>
#include <m3u_proxy/guide/matching/guide_index.hpp>
#include <m3u_proxy/guide/playlist_channels.hpp>
#include <m3u_proxy/rules/filter_set.hpp>
#include <m3u_proxy/rules/rule_set.hpp>

namespace m3u_proxy::guide {

struct SourceContext {
  const GuideOptions* options = nullptr;
  const EpgSource* epg = nullptr;
  std::uint16_t source_number = 0;
  GuideIndex* index = nullptr;
  const PlaylistChannels* list = nullptr;  ///< has the ids of outputs where these differ
  const rules::FilterSet* filters = nullptr;
  const rules::RuleSet* rules = nullptr;
  const rules::RuleSet* channel_rules = nullptr;  ///< for the guide's channels; nullptr: none
  bool keep_programmes = false;                   ///< WindowResults::programmes are wanted
  std::int64_t from = std::numeric_limits<std::int64_t>::min();  ///< the window of time
  std::int64_t until = std::numeric_limits<std::int64_t>::max();

  [[nodiscard]] bool has_expressions() const {
    return (filters != nullptr && !filters->empty()) || (rules != nullptr && !rules->empty());
  }
  /// By how many seconds programmes of the output move.
  [[nodiscard]] std::int64_t delta_of(std::uint32_t output) const {
    constexpr std::int64_t kSecondsOfThousandHours = 3600;
    return epg->time_offset_seconds + index->shift(output) * kSecondsOfThousandHours / 1000;
  }
  /// Whether a programme overlaps the window of time.
  [[nodiscard]] bool in_window(std::int64_t start, std::optional<std::int64_t> stop) const {
    // A programme without a stop lasts until the next one; this long is assumed.
    constexpr std::int64_t kAssumedLength = std::int64_t{6} * 3600;
    if (start >= until) return false;
    const bool usable = stop && *stop >= start;
    const std::int64_t end = usable ? *stop : start + kAssumedLength;
    // An empty interval at the very beginning is still inside.
    return end > from || start >= from;
  }
};

}  // namespace m3u_proxy::guide
