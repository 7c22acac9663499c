// OutputCheck: a run must never replace what it reads.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/config/configuration.hpp>

namespace m3u_proxy::cli {

/// Looks whether a file that would be published to `out`, or the report, is the configuration file
/// or a source of the same proxy (by another name too: links are followed). A proxy may read what
/// another one publishes. Error: kInvalidArgument, naming the file.
Result<> check_outputs(const config::Configuration& configuration, const std::filesystem::path& out,
                       const std::optional<std::string>& config_file,
                       const std::optional<std::string>& report);

}  // namespace m3u_proxy::cli
