#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/backup_contents.hpp>
#include <m3u_proxy/daemon/archives/offline_archives.hpp>
#include <m3u_proxy/daemon/configuration/provisioning.hpp>
#include <m3u_proxy/daemon/data_folder.hpp>
#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/jobs/current_model.hpp>
#include <m3u_proxy/runtime/configured.hpp>
#include <m3u_proxy/settings/live_settings.hpp>
#include <m3u_proxy/settings/saved_settings.hpp>
#include <m3u_proxy/store/open/open_store.hpp>

namespace m3u_proxy::daemon {
namespace {

namespace fs = std::filesystem;

/// Who is at work where no service is.
constexpr std::string_view kCommandLine = "the command line";

/// What a command works on; the last one goes first.
struct Opened {
  LoadedDocument loaded;
  std::unique_ptr<runtime::Process> process;
  std::unique_ptr<store::Store> store;
};

Result<Opened> open(const ArchiveOptions& options) {
  Opened out;
  M3U_TRY(out.loaded, load_document(options.config, options.environment, {}));
  const config::Configuration& configuration = out.loaded.configuration;
  M3U_TRY(out.process,
          runtime::Process::create(runtime::process_options(configuration, options.data)));
  M3U_TRY(out.store, store::open_store({.url = configuration.database.url,
                                        .data = options.data,
                                        .budget = &out.process->budget(),
                                        .program = options.version,
                                        .now = options.now}));
  return out;
}

/// [service] as it is for a service, with what is saved in the database.
Result<config::ServiceConfig> service_of(const Opened& opened, const ArchiveOptions& options) {
  M3U_TRY(const auto saved, settings::read_saved(*opened.store, opened.store->key()));
  return settings::LiveSettings(options.environment, {})
      .read(opened.loaded.document, &saved.tree)
      .configuration.service;
}

Result<> record(const Opened& opened, const ArchiveOptions& options, const api::Change& change) {
  return api::record(*opened.store, options.now, {.name = std::string(kCommandLine)}, change);
}

Result<> check_is_there(const fs::path& data) {
  std::error_code error;
  if (fs::is_directory(data, error)) return {};
  return fail(ErrorCode::kNotFound, "there is no data folder " + data.string(),
              "name the service's with --data");
}

}  // namespace

Result<backup::BackupSummary> back_up(const ArchiveOptions& options, backup::Snapshots snapshots,
                                      const fs::path& file) {
  M3U_CHECK(check_is_there(options.data));
  M3U_TRY(const Opened opened, open(options));
  M3U_TRY(const config::ServiceConfig service, service_of(opened, options));
  M3U_TRY(const auto target, io::AtomicFile::create(file));
  std::error_code error;
  fs::permissions(target->temporary(), fs::perms::owner_read | fs::perms::owner_write, error);
  M3U_TRY(const backup::BackupSummary done,
          backup::make_backup(*opened.store, opened.process->budget(),
                              {.data = options.data,
                               .passphrase = options.passphrase,
                               .snapshots = snapshots,
                               .program = options.version,
                               .now = options.now,
                               .hide = api::hide_in_backup,
                               .is_only_copy = api::only_copies(service)},
                              *target));
  M3U_CHECK(target->publish());
  return done;
}

Result<backup::RestoreSummary> restore(const ArchiveOptions& options, backup::Secrets secrets,
                                       bool only_check, const fs::path& file) {
  M3U_TRY(const DataFolder folder, DataFolder::open(options.data));
  M3U_TRY(const Opened opened, open(options));
  M3U_TRY(const auto restore,
          backup::Restore::prepare(*opened.store, opened.process->budget(),
                                   {.data = folder.path(),
                                    .passphrase = options.passphrase,
                                    .secrets = secrets,
                                    .program = options.version,
                                    .now = options.now,
                                    .check = [&](store::Store& restored) -> Result<> {
                                      M3U_CHECK(jobs::load_current_model(
                                          restored, opened.loaded.configuration));
                                      return {};
                                    }},
                                   [&file] { return io::open_file(file); }));
  if (only_check) return restore->summary();
  M3U_TRY(backup::RestoreSummary done, restore->apply());
  M3U_CHECK(record(
      opened, options,
      {.action = "backups.restore", .target = done.about.created, .after = backup::to_json(done)}));
  return done;
}

Result<> export_configuration(const ArchiveOptions& options, api::ShowSecrets secrets,
                              io::ByteSink& to) {
  M3U_CHECK(check_is_there(options.data));
  M3U_TRY(const Opened opened, open(options));
  return api::export_configuration(*opened.store, secrets, options.version, to);
}

Result<api::ImportSummary> import_configuration(const ArchiveOptions& options,
                                                store::ImportMode mode, bool only_check,
                                                const fs::path& file) {
  M3U_TRY(const config::ConfigDocument document, config::read_document(file));
  auto folder = DataFolder::open(options.data);
  if (!folder) {
    Error error = std::move(folder).error();
    if (error.code == ErrorCode::kConflict)
      error.hint = "stop it first, or send it the file: POST /api/v1/import (docs/backup.md)";
    return fail(std::move(error));
  }
  M3U_TRY(const Opened opened, open(options));
  M3U_TRY(api::ImportSummary done,
          api::import_configuration(*opened.store, opened.process->budget(),
                                    opened.loaded.configuration,
                                    {.text = document.text,
                                     .name = document.file,
                                     .folder = fs::current_path() / document.folder},
                                    {.mode = mode, .only_check = only_check, .now = options.now}));
  if (!only_check)
    M3U_CHECK(record(opened, options,
                     {.action = "configuration.import",
                      .before = api::replaced_json(done),
                      .after = api::to_json(done)}));
  return done;
}

}  // namespace m3u_proxy::daemon
