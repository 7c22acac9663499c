// BackupOptions, RestoreOptions: what the user typed after `m3u-proxy backup` and `m3u-proxy
// restore`.
#pragma once

#include <optional>
#include <string>

namespace m3u_proxy::cli {

struct BackupOptions {
  std::string file;
  std::string data = "data";
  std::optional<std::string> config{};
  std::optional<std::string> passphrase_file{};
  bool with_snapshots = false;
};

struct RestoreOptions {
  std::string file;
  std::string data = "data";
  std::optional<std::string> config{};
  std::optional<std::string> passphrase_file{};
  bool without_secrets = false;
  bool only_check = false;
};

}  // namespace m3u_proxy::cli
