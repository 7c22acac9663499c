// What `serve` is told beyond what it publishes: [service], [database], [http], [login], [alerts].
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/base/error.hpp>
#include <m3u_proxy/config/named.hpp>

namespace m3u_proxy::config {

/// [service]
struct ServiceConfig {
  std::string refresh = "12h";  ///< an interval, a cron expression or "manual"
  std::string time_zone;        ///< of cron expressions; "" = UTC
  std::chrono::seconds jitter{300};
  std::chrono::seconds quiet_period{5};
  std::uint32_t generations_kept = 5;
  /// Of all snapshots and generations together; 0: what the disk has, less a reserve.
  std::uint32_t max_snapshot_mb = 0;
  /// Where replicas share their snapshots: a folder that all have mounted, or
  /// "s3://bucket/prefix"; "" = there is one process only.
  std::string snapshots;
  std::string s3_endpoint;  ///< "https://s3.example.org"; "" = Amazon's of the region
  std::string s3_region = "us-east-1";
  std::string s3_access_key;
  std::string s3_secret_key;
  /// A source that lost more than this part of its items waits in quarantine.
  std::optional<double> max_shrink = 0.5;
  std::string log_level;  ///< "info,http=debug"; "" = info
  bool json_log = false;
  /// Below these people may have files read as sources through the API.
  std::vector<Named> allowed_folders;
  /// Private ranges ("192.168.0.0/16") from which people may have sources fetched through the API.
  std::vector<Named> allowed_networks;
};

/// [alerts]: where to say what needs somebody's attention, beside the log.
struct AlertsConfig {
  std::string webhook;  ///< gets JSON; "" = nobody
  std::string ntfy;     ///< a topic's address
  std::string smtp;     ///< "smtp://user:password@host:587"
  std::string mail_from;
  std::vector<Named> mail_to;
  std::uint32_t failures = 2;  ///< of a source, in a row
  std::uint64_t disk_low_mb = 512;
  std::uint32_t account_days = 7;  ///< before an account ends
};

/// [database]
struct DatabaseConfig {
  std::string url;  ///< "postgresql://…"; "" = SQLite in the data folder
};

/// [http]
struct HttpConfig {
  std::string listen = "127.0.0.1:8080";
  std::string public_url;
  std::string base_path;
  std::vector<Named> trusted_proxies;
  std::vector<Named> allowed_hosts;
  std::vector<Named> allowed_origins;  ///< of pages that may read outputs; "*": any
  std::string certificate;             ///< a file, PEM; with it the service speaks TLS
  std::string key;                     ///< its private key, PEM
  /// Opens /metrics; "" = this machine only.
  std::string metrics_token;
};

/// Whether the word of a proxy alone makes a user, and what they may do then.
enum class NewUsers : std::uint8_t { kNone, kViewer, kEditor, kAdmin };

/// [login]: who a trusted proxy, which asked for the password itself, says that somebody is.
struct LoginConfig {
  Where where{};
  std::string user_header;    ///< "Remote-User"; "" = nobody comes in that way
  std::string groups_header;  ///< "Remote-Groups"; "" = a user's role is what users are told
  std::vector<Named> admin_groups;
  std::vector<Named> editor_groups;
  std::vector<Named> viewer_groups;
  NewUsers new_users = NewUsers::kNone;
};

}  // namespace m3u_proxy::config
