// Configuration import: what a configuration file says becomes what a person made, in a service's
// database.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/config/configuration.hpp>
#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::api {

struct ConfigurationFile {
  std::string_view text{};
  std::string name{};              ///< for messages
  std::filesystem::path folder{};  ///< from which relative paths start
};

/// What an import that is only tried would make, for who wants to know more than its counts.
struct PlannedImport {
  std::vector<jobs::DraftEntity> drafts{};
  std::vector<store::FileEdit> edits{};
  memory::Reservation room{};  ///< for both
};

struct ImportOptions {
  store::ImportMode mode = store::ImportMode::kAdd;
  bool only_check = false;
  store::Time now{};
  /// Whether a new source may be at a place.
  std::function<Result<>(std::string_view location)> check_place{};
  std::vector<config::ConfigProblem>* problems = nullptr;  ///< gets every mistake of the file
  PlannedImport* planned = nullptr;
};

struct ImportSummary {
  store::ImportResult counts{};
  std::uint64_t without_secrets = 0;   ///< sources with *** that have to be given their accounts
  std::vector<std::string> changed{};  ///< what is another now: filter "news"
  std::vector<std::string> removed{};
  std::vector<std::string> ignored{};  ///< sections that are no one's to import: [service] …
};
/// The document's ImportSummary but for `dry_run`: its members.
void write(JsonWriter<std::string>& json, const ImportSummary& summary);
/// All of it, of an import that was made.
std::string to_json(const ImportSummary& summary);

/// What an import that was made changed and removed, by name: for the audit log.
std::string replaced_json(const ImportSummary& summary);

/// All of it or nothing. `base` has the plain sections. Takes some 12 times the text of `budget`.
/// Errors: kConfig with the first mistake and its place, or when it does not fit together with what
/// is there; those of store::import_configuration().
Result<ImportSummary> import_configuration(store::Store& store, memory::Budget& budget,
                                           const config::Configuration& base,
                                           const ConfigurationFile& file,
                                           const ImportOptions& options);

}  // namespace m3u_proxy::api
