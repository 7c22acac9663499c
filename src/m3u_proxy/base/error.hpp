// Error: what went wrong, where in the input it is, and what the user can do about it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace m3u_proxy {

enum class ErrorCode : std::uint8_t {
  kInvalidArgument,  ///< a value that the caller gave is not usable (exit 2)
  kConfig,           ///< the configuration or an expression is wrong (exit 2)
  kParse,            ///< the input is not what it should be
  kIo,               ///< reading or writing a file failed
  kNotFound,         ///< a file or an address does not exist
  kNetwork,          ///< a server could not be reached or refused
  kOverBudget,       ///< the memory limit does not allow it (exit 4)
  kDiskFull,         ///< the disk has no room for temporary data or for an output (exit 1)
  kCancelled,        ///< the user or the system asked to stop
  kConflict,         ///< what is stored is not what the change was made for: look and try again
  kUnavailable,      ///< not now: busy, locked or restarting; the same again later can work
  kPlugin,           ///< a plugin can't be run or failed (exit 1)
  kInternal,         ///< a bug of ours
};

/// The place an error is about. Zero and empty mean "not known".
struct Where {
  std::string source;        ///< a source's name or a file's path, never with credentials
  std::uint64_t line = 0;    ///< from 1
  std::uint64_t column = 0;  ///< from 1
  std::uint64_t byte = 0;    ///< offset from the start of the (inflated) input
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  Where where{};
  std::string hint{};  ///< the remedy, a sentence; empty when there is none
};

/// `source:line:column: message (hint)`, leaving out what is not known.
std::string to_string(const Error& error);

/// The same for a line that names `source` already: its name is not said again.
std::string to_string(const Error& error, std::string_view source);

/// Whether an error is about the whole job, whichever source it came from: no memory, no disk, or
/// a request to stop. Every other one is about its source.
[[nodiscard]] bool ends_the_job(const Error& error);

/// An Error for a failed system call: `what` + the text of `errno_value`; kNotFound, kDiskFull or
/// kIo.
Error system_error(std::string what, int errno_value);

}  // namespace m3u_proxy
