// Time: instants as whole seconds since 1970-01-01T00:00:00Z, read from and written as text.
//
// Years 0 to 9999. No clock is read here; the caller passes the time in. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy {

/// Reads a date in one of the spellings of expressions, white space around it allowed:
/// seconds since 1970, RFC 3339, `YYYY-MM-DD HH:MM:SS` (or with a T), `DD/MM/YYYY HH:MM:SS`,
/// `YYYYMMDDHHMMSS [±ZZZZ]`, and `YYYY-MM-DD` or `DD/MM/YYYY` alone (midnight). What has no zone
/// is UTC; fractions of a second are dropped. 14 digits are a date, never seconds. nullopt when
/// it is none of them or does not exist in the calendar.
[[nodiscard]] std::optional<std::int64_t> parse_date(std::string_view text);

/// The same for a flag such as `--now`. Error: kInvalidArgument, with an example.
Result<std::int64_t> parse_instant(std::string_view text);

/// "2024-05-01T18:30:00Z" (RFC 3339). Instants outside the years 0 to 9999 are moved to the
/// nearest one inside.
[[nodiscard]] std::string format_rfc3339(std::int64_t seconds);

}  // namespace m3u_proxy
