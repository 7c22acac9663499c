// UsageErrors: what is wrong with a command line, in words that say what was probably meant.
#pragma once

#include <string>

#include <m3u_proxy/base/result.hpp>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 calls itself so
class App;
class ParseError;
}  // namespace CLI

namespace m3u_proxy::cli {

/// An error of code kInvalidArgument.
std::unexpected<Error> usage(std::string message, std::string hint = {});
/// The same for what CLI11 refused.
std::unexpected<Error> explain_usage(const CLI::App& program, const CLI::ParseError& error);

}  // namespace m3u_proxy::cli
