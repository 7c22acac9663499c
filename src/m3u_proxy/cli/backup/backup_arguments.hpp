// BackupArguments: the arguments of `m3u-proxy backup` and `m3u-proxy restore`.
#pragma once

#include <m3u_proxy/cli/backup/backup_options.hpp>

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
  /// What was typed, after parsing.
  [[nodiscard]] BackupOptions read_backup() const;
  [[nodiscard]] RestoreOptions read_restore() const;

 private:
  void add_common(CLI::App* command, const char* file, const char* passphrase);

  struct Raw {
    std::string file, data, config, passphrase_file;
    bool with_snapshots = false, without_secrets = false, only_check = false;
  };
  Raw raw_;
  CLI::App* backup_ = nullptr;
  CLI::App* restore_ = nullptr;
};

}  // namespace m3u_proxy::cli
