// ErrorKind: what an error's code means outside: its name in reports and answers, the exit status
// of the program, and the status of an HTTP answer. The one table of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <m3u_proxy/base/error.hpp>

namespace m3u_proxy {

struct ErrorKind {
  std::string_view name;
  std::uint8_t exit_status;   ///< see docs/cli.md
  std::uint16_t http_status;  ///< RFC 9110, RFC 4918 (507)
};

/// By ErrorCode.
inline constexpr std::array<ErrorKind, static_cast<std::size_t>(ErrorCode::kInternal) + 1>
    kErrorKinds = {{
        {.name = "invalid_argument", .exit_status = 2, .http_status = 400},
        {.name = "config", .exit_status = 2, .http_status = 422},
        {.name = "parse", .exit_status = 1, .http_status = 422},
        {.name = "io", .exit_status = 1, .http_status = 500},
        {.name = "not_found", .exit_status = 1, .http_status = 404},
        {.name = "network", .exit_status = 1, .http_status = 502},
        {.name = "over_budget", .exit_status = 4, .http_status = 503},
        {.name = "disk_full", .exit_status = 1, .http_status = 507},
        {.name = "cancelled", .exit_status = 1, .http_status = 503},
        {.name = "conflict", .exit_status = 1, .http_status = 409},
        {.name = "unavailable", .exit_status = 1, .http_status = 503},
        {.name = "plugin", .exit_status = 1, .http_status = 500},
        {.name = "internal", .exit_status = 1, .http_status = 500},
    }};

constexpr const ErrorKind& kind_of(ErrorCode code) {
  return kErrorKinds[static_cast<std::size_t>(code)];
}

}  // namespace m3u_proxy
