// Archive options: what backup, restore, export and import tell the daemon alike.
#pragma once

#include <string>

#include <m3u_proxy/cli/version.hpp>
#include <m3u_proxy/daemon/archives/offline_archives.hpp>
#include <m3u_proxy/jobs/workers.hpp>

namespace m3u_proxy::cli {

/// Of options with `data` and `config`; without a passphrase.
template <typename Options>
daemon::ArchiveOptions archive_options(const Options& options,
                                       const config::Environment& environment) {
  daemon::ArchiveOptions out{.data = options.data,
                             .environment = environment,
                             .version = std::string(kVersion),
                             .now = jobs::system_clock()()};
  if (options.config) out.config = *options.config;
  return out;
}

}  // namespace m3u_proxy::cli
