// BackupArguments: the arguments of `m3u-proxy backup`, `restore` and `export`.
#pragma once

#include <m3u_proxy/cli/backup/backup_options.hpp>
#include <m3u_proxy/cli/backup/transfer_options.hpp>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 calls itself so
class App;
}  // namespace CLI

namespace m3u_proxy::cli {

class BackupArguments {
 public:
  /// Adds the commands to the program, which writes into this object as it parses.
  explicit BackupArguments(CLI::App& program);
  BackupArguments(const BackupArguments&) = delete;
  BackupArguments& operator=(const BackupArguments&) = delete;

  [[nodiscard]] const CLI::App* backup() const { return backup_; }
  [[nodiscard]] const CLI::App* restore() const { return restore_; }
  [[nodiscard]] const CLI::App* exporting() const { return export_; }
  /// What was typed, after parsing.
  [[nodiscard]] BackupOptions read_backup() const;
  [[nodiscard]] RestoreOptions read_restore() const;
  [[nodiscard]] ExportOptions read_export() const;

 private:
  void add_place(CLI::App* command);
  void add_common(CLI::App* command, const char* file, const char* passphrase);

  struct Raw {
    std::string file, data, config, passphrase_file, output;
    bool with_snapshots = false, without_secrets = false, only_check = false, with_secrets = false;
  };
  Raw raw_;
  CLI::App* backup_ = nullptr;
  CLI::App* restore_ = nullptr;
  CLI::App* export_ = nullptr;
};

}  // namespace m3u_proxy::cli
