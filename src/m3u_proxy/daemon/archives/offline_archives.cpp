#include <m3u_proxy/api/entities/entity_secrets.hpp>
#include <m3u_proxy/daemon/archives/offline_archives.hpp>
#include <m3u_proxy/daemon/data_folder.hpp>
#include <m3u_proxy/daemon/provisioning.hpp>
#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/runtime/configured.hpp>
#include <m3u_proxy/store/open/open_store.hpp>

namespace m3u_proxy::daemon {
namespace {

namespace fs = std::filesystem;

/// What a command works on; the last one goes first.
struct Opened {
  config::Configuration configuration;
  std::unique_ptr<runtime::Process> process;
  std::unique_ptr<store::Store> store;
};

Result<Opened> open(const ArchiveOptions& options) {
  Opened out;
  M3U_TRY(LoadedDocument loaded, load_document(options.config, options.environment, {}));
  out.configuration = std::move(loaded.configuration);
  M3U_TRY(out.process,
          runtime::Process::create(runtime::process_options(out.configuration, options.data)));
  M3U_TRY(out.store, store::open_store({.url = out.configuration.database.url,
                                        .data = options.data,
                                        .budget = &out.process->budget(),
                                        .program = options.version,
                                        .now = options.now}));
  return out;
}

}  // namespace

Result<backup::BackupSummary> back_up(const ArchiveOptions& options, backup::Snapshots snapshots,
                                      const fs::path& file) {
  std::error_code error;
  if (!fs::is_directory(options.data, error))
    return fail(ErrorCode::kNotFound, "there is no data folder " + options.data.string(),
                "name the service's with --data");
  M3U_TRY(const Opened opened, open(options));
  M3U_TRY(const auto target, io::AtomicFile::create(file));
  fs::permissions(target->temporary(), fs::perms::owner_read | fs::perms::owner_write, error);
  M3U_TRY(const backup::BackupSummary done,
          backup::make_backup(*opened.store, opened.process->budget(),
                              {.data = options.data,
                               .passphrase = options.passphrase,
                               .snapshots = snapshots,
                               .program = options.version,
                               .now = options.now,
                               .hide = api::without_secrets},
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
                                      M3U_CHECK(jobs::load_model(restored, opened.configuration));
                                      return {};
                                    }},
                                   [&file] { return io::open_file(file); }));
  if (only_check) return restore->summary();
  return restore->apply();
}

}  // namespace m3u_proxy::daemon
