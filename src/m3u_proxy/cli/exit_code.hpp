// ExitCode: how the program ends, the same for every subcommand (see docs/cli.md).
#pragma once

#include <cstdint>

#include <m3u_proxy/base/error.hpp>

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
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kConfig:
      return ExitCode::kUsage;
    case ErrorCode::kOverBudget:
      return ExitCode::kMemory;
    default:
      return ExitCode::kFailed;
  }
}

}  // namespace m3u_proxy::cli
