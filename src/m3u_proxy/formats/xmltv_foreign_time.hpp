// XMLTV foreign times: the ways other than XMLTV's own in which guides write a time: ISO 8601 and
// RFC 3339, `YYYY-MM-DD HH:MM:SS`, seconds since 1970. Pure and thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace m3u_proxy::formats {

/// A time taken apart; whether its date exists is not judged.
struct ForeignTime {
  /// `YYYYMMDDhhmmss`, where it is no epoch.
  std::array<char, 14> digits = {'0', '0', '0', '0', '0', '1', '0',
                                 '1', '0', '0', '0', '0', '0', '0'};
  std::optional<std::int64_t> epoch{};  ///< seconds since 1970
  std::string_view zone{};              ///< the text behind the time; "" for none
};

/// Reads such a time; nullopt when `text` (without white space at its ends) has another shape, as
/// XMLTV's own form has:
/// - `2026-01-15`, and behind a `T` or blanks `20`, `20:00`, `20:00:00`, `20:00:00.000`;
/// - `20260115T200000`, `20260115 20:00`, `20260115 200000`; `20260115200000.000`;
/// - ten digits that cannot be `YYYYMMDDhh` of 1900 to 2099: seconds since 1970; thirteen digits
///   likewise: thousandths. A fraction of a second is dropped.
std::optional<ForeignTime> read_foreign_time(std::string_view text);

}  // namespace m3u_proxy::formats
