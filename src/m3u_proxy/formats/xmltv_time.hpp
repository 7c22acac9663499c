// XMLTV times: reading, moving and writing `YYYYMMDDhhmmss ±ZZZZ` and its many dialects, and the
// shifts that playlists give. Pure and thread-safe.
//
// Follows the comments of xmltv.dtd: any prefix of at least the year, an optional zone, and no
// zone means UTC. What guides write instead is read too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace m3u_proxy::formats {

/// An instant as a guide wrote it.
struct XmltvTime {
  std::int64_t epoch = 0;         ///< seconds since 1970 UTC
  std::int32_t zone_seconds = 0;  ///< east of UTC
  bool zone_known = true;         ///< false: a zone name nobody knows, taken as UTC
  bool foreign = false;           ///< not in XMLTV's form: it has to be written anew
  bool zone_is_offset = false;    ///< of a foreign one: its zone is written as `±hhmm`
  /// What follows the digits, with its leading space; of a foreign one the zone's name alone.
  std::string_view zone_text{};
};

/// Reads a time: 4 to 14 digits (what is missing is January, the 1st, 00:00:00), then optionally a
/// zone (xmltv_zone.hpp); or a foreign one (xmltv_foreign_time.hpp), such as ISO 8601.
/// nullopt when it is none or no such date exists. The view points into `text`.
std::optional<XmltvTime> parse_xmltv_time(std::string_view text);

/// Appends `time` moved by `seconds`: 14 digits in its own zone, then its zone text as it was (of a
/// foreign one in XMLTV's form).
void append_moved_time(std::string& out, const XmltvTime& time, std::int64_t seconds);
/// Appends `time` moved by `seconds` as `YYYYMMDDhhmmss +0000`; one whose zone nobody knows as
/// append_moved_time() does, for its instant is not known either.
void append_utc_time(std::string& out, const XmltvTime& time, std::int64_t seconds);

/// Reads a channel's tvg-shift, hours such as `1`, `-2.5`, `+1`, or hours and quarters such as
/// `+01:00`, `-2:30`, `+0530`, in thousandths of an hour; at most 48 hours either way. "" is 0;
/// nullopt when it is no such number.
std::optional<std::int32_t> parse_tvg_shift(std::string_view text);

/// The guide id of a channel under `tvg_shift = "apply"`: `id` + `+1h`, `-2.5h`; the id itself
/// when the shift is 0 or not a number.
std::string shifted_guide_id(std::string_view id, std::string_view tvg_shift);
/// The suffix alone, for a shift that is already parsed; "" for 0.
std::string shift_suffix(std::int32_t thousandths_of_hours);

}  // namespace m3u_proxy::formats
