// Migrations: the numbered steps that make a database's schema what this program needs.
//
// Each is one transaction, taken once by whichever process comes first. A schema that is newer
// than this program is refused, saying which program it needs. docs/database.md has the tables.
#pragma once

#include <span>
#include <string_view>

#include <m3u_proxy/store/sql/database.hpp>

namespace m3u_proxy::store::sql {

struct Migration {
  int version;            ///< from 1, without gaps
  std::string_view name;  ///< what it is about, for the log
  /// Statements in which {text}, {int}, {real}, {serial} and {end} are the Dialect's words. What
  /// makes, drops and renames tables has its key words in capitals: from there a backup knows which
  /// tables are ours.
  std::string_view statements;
};

/// All of this program's.
std::span<const Migration> migrations();

/// Brings the schema up to the last of `steps`; `program` is this program's version, kept beside
/// each step. A backup is made first, in the first step's transaction, when there is something to
/// lose; a step that fails leaves the schema as it was before that step. Returns the schema's
/// version. Errors: kConfig (the database is newer), kDiskFull (no room for the backup), and the
/// engine's.
Result<int> migrate(Database& database, std::span<const Migration> steps, std::string_view program,
                    Time now);

}  // namespace m3u_proxy::store::sql
