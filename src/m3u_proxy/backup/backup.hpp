// Backup: everything that people decided and uploaded, in one archive that is the same for every
// database: what restore.hpp brings back. docs/backup.md describes the format.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::backup {

enum class Snapshots : std::uint8_t {
  kOnlyCopies,  ///< those of sources that cannot be fetched again: uploads
  kAll,         ///< also the last good copy of each source, and what is published
};

struct BackupOptions {
  std::filesystem::path data{};  ///< the data folder
  std::string passphrase{};      ///< empty: secrets are sealed with the installation's key
  Snapshots snapshots = Snapshots::kOnlyCopies;
  std::string program{};  ///< this program's version
  store::Time now{};
  /// The secrets of a source's configuration, and of saved settings.
  store::portable::HideSecrets hide{};
  /// Whether nobody fetches a source by itself whose configuration has this as `refresh`; empty: it
  /// has none.
  std::function<bool(const std::string& refresh)> is_only_copy{};
  const CancelToken* cancel = nullptr;  ///< may be nullptr
};

struct BackupSummary {
  static constexpr std::size_t kMostNamed = 20;

  std::uint64_t rows = 0;
  std::uint64_t logos = 0;
  std::uint64_t snapshots = 0;
  /// Snapshots and logos that the store names and that could not be read: they are not in it.
  std::uint64_t missing = 0;
  std::vector<std::string> missing_names{};  ///< the first kMostNamed of them: "logo \"News\""
};

/// Writes a backup of `store`, which goes on being used meanwhile: rows are those of one moment,
/// snapshots those that are current when it comes to them. Takes about 3 MB of `budget`.
/// Thread-safe. Errors: of the store and of `to`; kInvalidArgument (the passphrase), kOverBudget,
/// kCancelled.
Result<BackupSummary> make_backup(store::Store& store, memory::Budget& budget,
                                  const BackupOptions& options, io::ByteSink& to);

}  // namespace m3u_proxy::backup
