// Dates of HTTP: "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7), in whole seconds since 1970.
//
// Pure, thread-safe; no clock is read here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace m3u_proxy::http {

/// Years 0 to 9999; others are moved to the nearest one inside.
std::string format_http_date(std::int64_t seconds);

/// Reads that form only; nullopt for the two old ones, which nobody sends, and for everything else.
std::optional<std::int64_t> parse_http_date(std::string_view text);

}  // namespace m3u_proxy::http
