// The columns of channels and of programmes.
#pragma once

#include "text.hpp"

namespace m3u {

enum class ChannelField : uint8_t {
  kChannelName,
  kTvgId,
  kTvgName,
  kTvgLogo,
  kTvgShift,
  kTvgChno,
  kGroupTitle,
  kStreamUrl,
  kDuration,  // of the #EXTINF line
};
enum class ProgrammeField : uint8_t {
  kChannelId,
  kTitle,
  kSubtitle,
  kDescription,
  kCategory,
  kIcon,
  kEpisodeNum,
  kSeasonNum,
  kLanguage,
  kRating,
  kStart,
  kStop,
  kElement,  // the whole <programme>
};
enum class MediaType : uint8_t { kLive, kMovie, kSeries };

struct Attribute {
  Text key;
  Text value;
};

}  // namespace m3u
