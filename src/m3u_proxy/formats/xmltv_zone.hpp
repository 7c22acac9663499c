// XMLTV zones: what may follow the digits of a time. Pure and thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace m3u_proxy::formats {

/// A time zone as a guide wrote it.
struct XmltvZone {
  std::int32_t seconds = 0;  ///< east of UTC
  bool known = true;         ///< false: a name that is not in the table, taken as UTC
  /// What XMLTV writes is `±hhmm`: for numbers, `Z`, `UTC+2`. Else the name is written.
  bool is_offset = false;
  bool has_comment = false;  ///< something in brackets follows it, as in `+0100 (CET)`
  std::string_view name{};   ///< without blanks and comment; "" when no zone was given
};

/// Reads a zone: nothing, `+0`, `+00`, `+000`, `0`, `+0010`, `+01:00`, `Z`, a name such as BST or
/// MEZ, `UTC+2`, with blanks before it and a comment in brackets behind it. nullopt when it is none
/// of these. docs/formats.md lists the names and says how the ambiguous ones are read.
std::optional<XmltvZone> read_xmltv_zone(std::string_view text);

}  // namespace m3u_proxy::formats
