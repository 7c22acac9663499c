// Guide: what the EPG Generation stage takes and gives.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::rules {
class FilterSet;
class RuleSet;
}  // namespace m3u_proxy::rules

namespace m3u_proxy::pipeline {

/// How guide channels find output channels; each includes the ones before it.
enum class GuideMatch : std::uint8_t { kId, kCaseFold, kName };
enum class TvgShift : std::uint8_t { kEmit, kApply };

struct GuideOptions {
  GuideMatch match = GuideMatch::kId;
  TvgShift tvg_shift = TvgShift::kEmit;
  bool window = false;  ///< false: all programmes are kept
  std::int64_t days_behind = 1;
  std::int64_t days_ahead = 7;
  bool include_past_programs = false;
  bool deduplicate_programs = false;
  bool strict_dtd = false;
  bool normalize_to_utc = false;
  bool all_channels = false;
};

/// One EPG source. `open` may be called twice: matching by case or name reads it twice.
struct GuideSource {
  std::string name;
  std::string type = "xmltv";
  std::string url;                      ///< without credentials
  std::int64_t time_offset_seconds = 0;  ///< added to its times
  std::function<Result<std::unique_ptr<io::ByteSource>>()> open;  ///< inflated, as stored otherwise
};

/// One channel of the playlist, as the guide has to know it.
struct GuideChannel {
  std::string_view tvg_id;  ///< never empty
  std::string_view tvg_name;
  std::string_view channel_name;
  std::string_view tvg_logo;
  std::string_view number;
  std::string_view tvg_shift;  ///< hours, such as "1", "-2.5", "+1"; "" = 0
};

}  // namespace m3u_proxy::pipeline
