// The report file: what every proxy of a run did, also when it failed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/report/report.hpp>

namespace m3u_proxy::cli {

/// How the generation of one proxy ended.
struct ProxyOutcome {
  std::string proxy;
  Result<generation::GenerationStats> result;
};

/// The report of one proxy as it is; of several as {"proxies": […]}. A proxy that failed has its
/// error instead of figures.
std::string report_text(const std::vector<ProxyOutcome>& outcomes);

/// Whether a report can be written to `file`: before the run, since afterwards it is too late.
/// Error: kInvalidArgument.
Result<> check_report_file(const std::filesystem::path& file);

/// Writes the report whole or not at all. Error: kIo, kNotFound.
Result<> write_report(const std::filesystem::path& file, const std::vector<ProxyOutcome>& outcomes);

}  // namespace m3u_proxy::cli
