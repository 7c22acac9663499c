// StorageConfig: the folders in which a ProxyService publishes, keeps and spills.
#pragma once

#include <cstdint>
#include <filesystem>

namespace m3u_proxy::service {

/// Relative paths start from the working directory. Folders are made when they are missing.
struct StorageConfig {
  std::filesystem::path output_dir;  ///< of published files
  std::filesystem::path cache_dir;   ///< last good copies of downloads; empty: none are kept
  std::filesystem::path spill_dir;   ///< temporary files, not on tmpfs; empty: beside the output
  std::uint64_t max_spill_mb =
      0;  ///< of temporary files; 0: what the disk has, less 5 % (at most 1 GB)

  /// Everything below `m3u-proxy`, with a cache.
  static StorageConfig default_config();
  /// The same place, but nothing is kept beyond the output: for small devices.
  static StorageConfig minimal();
  /// Everything below `m3u-proxy-dev`, so that no published file is touched; spill files have a
  /// folder of their own, where they can be watched.
  static StorageConfig development();
};

}  // namespace m3u_proxy::service
