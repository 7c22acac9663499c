#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <m3u_proxy/cli/add_option.hpp>
#include <m3u_proxy/cli/backup/backup_arguments.hpp>
#include <m3u_proxy/cli/value_parsers.hpp>

namespace m3u_proxy::cli {
namespace {

constexpr const char* kBackupExamples =
    "Examples:\n"
    "  m3u-proxy backup tv.tar.zst\n"
    "  m3u-proxy backup tv.tar.zst --passphrase-file passphrase.txt --with-snapshots";

constexpr const char* kRestoreExamples =
    "Examples:\n"
    "  m3u-proxy restore tv.tar.zst --check\n"
    "  m3u-proxy restore tv.tar.zst --passphrase-file passphrase.txt\n"
    "  m3u-proxy restore tv.tar.zst --config on-postgresql.toml --without-secrets";

constexpr const char* kExportExamples =
    "Examples:\n"
    "  m3u-proxy export > tv.toml\n"
    "  m3u-proxy export --with-secrets --output tv.toml";

}  // namespace

BackupArguments::BackupArguments(CLI::App& program) {
  backup_ = program.add_subcommand("backup", "Write all that was decided into one archive");
  backup_->footer(kBackupExamples);
  add_common(backup_, "The archive, such as tv.tar.zst",
             "Seal accounts under the passphrase in FILE (with the secret.key of the data folder)");
  backup_->add_flag("--with-snapshots", raw_.with_snapshots,
                    "Take along the sources' last good copies and what is published");
  restore_ = program.add_subcommand("restore", "Put an archive in the place of what there is");
  restore_->footer(kRestoreExamples);
  add_common(restore_, "The archive", "The passphrase of the archive is in FILE");
  restore_->add_flag("--without-secrets", raw_.without_secrets,
                     "Leave out accounts that cannot be opened: sources have to be given theirs");
  restore_->add_flag("--check", raw_.only_check, "Only say what would come of it");
  export_ = program.add_subcommand("export", "Print what was configured as a configuration file");
  export_->footer(kExportExamples);
  add_place(export_);
  add_option(export_, "--output", raw_.output, "FILE", "Write there (standard output)");
  export_->add_flag("--with-secrets", raw_.with_secrets,
                    "With accounts and values of headers: readers of the file see them");
}

void BackupArguments::add_common(CLI::App* command, const char* file, const char* passphrase) {
  command->add_option("FILE", raw_.file, file)->type_name("")->required();
  add_place(command);
  add_option(command, "--passphrase-file", raw_.passphrase_file, "FILE", passphrase);
}

void BackupArguments::add_place(CLI::App* command) {
  add_option(command, "--data", raw_.data, "DIR", "The service's data folder (data)");
  add_option(command, "--config", raw_.config, "FILE",
             "The service's configuration, for its [database]");
}

BackupOptions BackupArguments::read_backup() const {
  BackupOptions out{.file = raw_.file,
                    .config = given(raw_.config),
                    .passphrase_file = given(raw_.passphrase_file),
                    .with_snapshots = raw_.with_snapshots};
  if (!raw_.data.empty()) out.data = raw_.data;
  return out;
}

RestoreOptions BackupArguments::read_restore() const {
  RestoreOptions out{.file = raw_.file,
                     .config = given(raw_.config),
                     .passphrase_file = given(raw_.passphrase_file),
                     .without_secrets = raw_.without_secrets,
                     .only_check = raw_.only_check};
  if (!raw_.data.empty()) out.data = raw_.data;
  return out;
}

ExportOptions BackupArguments::read_export() const {
  ExportOptions out{.config = given(raw_.config),
                    .output = given(raw_.output),
                    .with_secrets = raw_.with_secrets};
  if (!raw_.data.empty()) out.data = raw_.data;
  return out;
}

}  // namespace m3u_proxy::cli
