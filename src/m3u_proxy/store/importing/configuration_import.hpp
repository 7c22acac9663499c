// Configuration import: the lists of a configuration file become what a person made, in one
// transaction.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <m3u_proxy/store/channel_edits.hpp>
#include <m3u_proxy/store/importing/import_plan.hpp>

namespace m3u_proxy::store {

/// An edit of a file, which names its proxy.
struct FileEdit {
  ChannelEdit edit{};   ///< without proxy
  std::string proxy{};  ///< a name; "": all
};

struct ConfigurationImport {
  std::span<const FileEntity> entities{};
  std::span<const FileEdit> edits{};
  ImportMode mode = ImportMode::kAdd;
  bool only_try = false;  ///< everything is done, and taken back
  MergeBody merge{};
  CheckedAt checked{};
};

struct ImportCounts {
  std::uint64_t created = 0;
  std::uint64_t changed = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t removed = 0;
};
struct ImportResult {
  ImportCounts entities{};
  ImportCounts edits{};
};

/// Thread-safe. Errors: of plan_import(); kConflict (an edit's proxy is not there, the
/// configuration file manages the edit, or `checked` is over), kInvalidArgument (two edits of one
/// channel), those of the database. Nothing changed then.
Result<ImportResult> import_configuration(sql::Database& database, const SecretKey& key,
                                          const ConfigurationImport& import, Time now);

}  // namespace m3u_proxy::store
