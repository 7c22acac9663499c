// Offline archives: `m3u-proxy backup`, `restore`, `export` and `import`, without a service.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <m3u_proxy/api/transfer/configuration_export.hpp>
#include <m3u_proxy/api/transfer/configuration_import.hpp>
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

/// Writes the configuration as a file of its kind. A service may use the data meanwhile. Errors:
/// kNotFound (no such data folder), kConfig, those of api::export_configuration().
Result<> export_configuration(const ArchiveOptions& options, api::ShowSecrets secrets,
                              io::ByteSink& to);

/// Takes a configuration file into a data folder, which is made when it is not there. Errors:
/// kConflict (a service uses the folder), kConfig, those of api::import_configuration().
Result<api::ImportSummary> import_configuration(const ArchiveOptions& options,
                                                store::ImportMode mode, bool only_check,
                                                const std::filesystem::path& file);

}  // namespace m3u_proxy::daemon
