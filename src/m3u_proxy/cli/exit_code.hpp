// ExitCode: how the program ends, the same for every subcommand (see docs/cli.md).
#pragma once

#include <cstdint>

#include <m3u_proxy/base/error_kind.hpp>

namespace m3u_proxy::cli {

enum class ExitCode : std::uint8_t {
  kPublished = 0,
  kFailed = 1,    ///< nothing was replaced
  kUsage = 2,     ///< the command line or the configuration is wrong
  kDegraded = 3,  ///< published, but not from all sources as they are now, or not reported
  kMemory = 4,    ///< the memory limit does not allow this job
};

/// The exit code that an error leads to.
constexpr ExitCode exit_code_of(ErrorCode code) {
  return static_cast<ExitCode>(kind_of(code).exit_status);
}

}  // namespace m3u_proxy::cli
