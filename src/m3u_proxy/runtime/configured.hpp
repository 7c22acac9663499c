// A configuration at work: what its keys mean for a Process and a Run, and its proxies as what a
// generation needs.
#pragma once

#include <filesystem>

#include <m3u_proxy/config/configuration.hpp>
#include <m3u_proxy/generation/publisher.hpp>
#include <m3u_proxy/memory/prediction.hpp>
#include <m3u_proxy/runtime/process.hpp>
#include <m3u_proxy/runtime/run.hpp>

namespace m3u_proxy::runtime {

/// `out`: folder of the published files; temporary files go beside them unless the configuration
/// names a folder. Empty: nothing is published.
ProcessOptions process_options(const config::Configuration& configuration,
                               const std::filesystem::path& out);
RunOptions run_options(const config::Configuration& configuration);

/// Makes the folder of the published files and removes what a crash has left there. Error: kIo.
Result<> prepare_output_folder(const std::filesystem::path& out);

/// What one of the configuration's proxies needs. It may be used while the run lives.
/// Error: kConfig.
Result<generation::ResolvedProxyConfig> resolve(const config::Configuration& configuration,
                                                const config::ProxyConfig& proxy, Run& run);

/// Stored sizes of the proxy's sources: of those that are files; 0 when one of them is not.
memory::RunSize size_of_run(const config::Configuration& configuration,
                            const config::ProxyConfig& proxy);

/// Generates one of the configuration's proxies and publishes it as files in `out`. Errors: of
/// resolve() and Run::generate().
Result<generation::GenerationStats> generate_to_files(const config::Configuration& configuration,
                                                      const config::ProxyConfig& proxy, Run& run,
                                                      const std::filesystem::path& out);

}  // namespace m3u_proxy::runtime
