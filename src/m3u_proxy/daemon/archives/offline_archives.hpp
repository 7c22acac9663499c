// Offline archives: backup and restore without a service: `m3u-proxy backup` and `m3u-proxy
// restore`.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <m3u_proxy/backup/backup.hpp>
#include <m3u_proxy/backup/restore.hpp>
#include <m3u_proxy/config/load_configuration.hpp>

namespace m3u_proxy::daemon {

struct ArchiveOptions {
  std::filesystem::path data = "data";
  std::optional<std::filesystem::path> config{};  ///< names the database and the memory limit
  config::Environment environment{};
  std::string passphrase{};
  std::string version{};
  store::Time now{};
};

/// Writes a backup into a new file for its owner only. A service may use the data meanwhile.
/// Errors: kNotFound (no such data folder), kConfig, those of backup::make_backup().
Result<backup::BackupSummary> back_up(const ArchiveOptions& options, backup::Snapshots snapshots,
                                      const std::filesystem::path& file);

/// Puts a backup into a data folder, which is made when it is not there, and into the database that
/// the configuration names. Errors: kConflict (a service uses the folder), kConfig, those of
/// backup::Restore.
Result<backup::RestoreSummary> restore(const ArchiveOptions& options, backup::Secrets secrets,
                                       bool only_check, const std::filesystem::path& file);

}  // namespace m3u_proxy::daemon
