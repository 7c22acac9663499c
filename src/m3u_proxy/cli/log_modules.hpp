// LogModules: the names under which the program's parts write to the log.
#pragma once

#include <span>
#include <string_view>

namespace m3u_proxy::cli {

/// All of them, in alphabetical order; docs/cli.md says what each is about.
std::span<const std::string_view> log_modules();
/// Warns once of every module that the log was configured for and that does not exist.
void warn_of_unknown_modules();

}  // namespace m3u_proxy::cli
