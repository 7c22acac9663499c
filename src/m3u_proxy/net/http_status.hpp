// What an HTTP status means for a user, and for how long to wait before the next try.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <m3u_proxy/base/error.hpp>
#include <m3u_proxy/net/http_response.hpp>

namespace m3u_proxy::net {

/// Whose User-Agent was sent: providers refuse programs that they do not know.
enum class UserAgent : std::uint8_t { kOurs, kUsers };

/// The error for an answer that is none of 200, 206, 304 and redirects, with its remedy.
Error status_error(const HttpResponse& response, UserAgent user_agent);

/// Whether the same request may succeed soon (408, 425, 429, 500, 502, 503, 504, 509, 52x).
bool is_temporary(int status);

/// How long Retry-After asks to wait at `now`; none if it does not say. `date` is the field read
/// as a date, -1 if it is none; both are seconds since 1970. A date in the past is 0.
std::optional<std::chrono::seconds> requested_wait(const HttpResponse& response, std::int64_t now,
                                                   std::int64_t date);

}  // namespace m3u_proxy::net
