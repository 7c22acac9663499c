// The sections of `serve`: [service], [database], [http], [login] and [alerts].
#include <algorithm>

#include <m3u_proxy/base/ip_address.hpp>
#include <m3u_proxy/base/log_levels.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/config_keys.hpp>
#include <m3u_proxy/config/config_sections.hpp>

namespace m3u_proxy::config {
namespace {

using Empty = ConfigReader::Empty;

void max_shrink(ConfigReader& reader, const ConfigNode& node, ServiceConfig& out) {
  reader.share(node, out.max_shrink);
}

void ranges(ConfigReader& reader, const ConfigNode& node, std::vector<Named>& out) {
  reader.names(node, out);
  for (const Named& one : out)
    if (const auto range = parse_cidr(one.name); !range)
      reader.problem(one.where, fmt::format("{}: {}", reader.path(), range.error().message),
                     range.error().hint);
}
void allowed_networks(ConfigReader& reader, const ConfigNode& node, ServiceConfig& out) {
  ranges(reader, node, out.allowed_networks);
}
void trusted_proxies(ConfigReader& reader, const ConfigNode& node, HttpConfig& out) {
  ranges(reader, node, out.trusted_proxies);
}

void base_path(ConfigReader& reader, const ConfigNode& node, HttpConfig& out) {
  reader.text(node, Empty::kAllow, out.base_path);
  while (out.base_path.ends_with('/')) out.base_path.pop_back();
  if (!out.base_path.empty() && !out.base_path.starts_with('/'))
    reader.problem(node.where, reader.path() + " does not begin with /", "such as \"/tv\"");
}

/// Scheme, host and, where it is not the scheme's own, port (RFC 6454); "*": any.
void allowed_origins(ConfigReader& reader, const ConfigNode& node, HttpConfig& out) {
  reader.names(node, out.allowed_origins);
  for (const Named& origin : out.allowed_origins) {
    const std::string_view scheme = origin.name.starts_with("https://") ? "https://" : "http://";
    const bool is_web = origin.name.starts_with(scheme) && origin.name.size() > scheme.size();
    if (origin.name == "*" ||
        (is_web && origin.name.find_first_of("/?#@ ", scheme.size()) == std::string::npos))
      continue;
    reader.problem(
        origin.where, fmt::format("{}: \"{}\" is no origin", reader.path(), origin.name),
        "write scheme, host and, if it is another one, port: \"https://tv.example.org\"");
  }
}

void public_url(ConfigReader& reader, const ConfigNode& node, HttpConfig& out) {
  reader.text(node, Empty::kAllow, out.public_url);
  while (out.public_url.ends_with('/')) out.public_url.pop_back();
  if (!out.public_url.empty() && !out.public_url.starts_with("http://") &&
      !out.public_url.starts_with("https://"))
    reader.problem(node.where, reader.path() + " does not begin with http:// or https://");
}

void database_url(ConfigReader& reader, const ConfigNode& node, DatabaseConfig& out) {
  reader.text(node, Empty::kAllow, out.url);
  if (!out.url.empty() && !out.url.starts_with("postgresql://") &&
      !out.url.starts_with("postgres://"))
    reader.problem(node.where, reader.path() + " does not begin with postgresql://",
                   "leave it out for a database in the data folder");
}

constexpr Choice<bool> kLogFormats[] = {{"text", false}, {"json", true}};

void log_level(ConfigReader& reader, const ConfigNode& node, ServiceConfig& out) {
  reader.text(node, Empty::kAllow, out.log_level);
  if (const auto levels = log::check_levels(out.log_level); !levels)
    reader.problem(node.where, fmt::format("{}: {}", reader.path(), levels.error().message),
                   levels.error().hint);
}

void web_address(ConfigReader& reader, const ConfigNode& node, std::string& out) {
  reader.text(node, Empty::kAllow, out);
  if (!out.empty() && !out.starts_with("http://") && !out.starts_with("https://"))
    reader.problem(node.where, reader.path() + " does not begin with http:// or https://");
}
void s3_endpoint(ConfigReader& reader, const ConfigNode& node, ServiceConfig& out) {
  web_address(reader, node, out.s3_endpoint);
}
void shared_snapshots(ConfigReader& reader, const ConfigNode& node, ServiceConfig& out) {
  reader.text(node, Empty::kAllow, out.snapshots);
  if (!out.snapshots.empty() && !out.snapshots.starts_with('/') &&
      !out.snapshots.starts_with("s3://"))
    reader.problem(node.where, reader.path() + " is neither an absolute path nor s3://",
                   "such as \"/shared/m3u-proxy\" or \"s3://bucket/prefix\"");
}
void webhook(ConfigReader& reader, const ConfigNode& node, AlertsConfig& out) {
  web_address(reader, node, out.webhook);
}
void ntfy(ConfigReader& reader, const ConfigNode& node, AlertsConfig& out) {
  web_address(reader, node, out.ntfy);
}
void smtp(ConfigReader& reader, const ConfigNode& node, AlertsConfig& out) {
  reader.text(node, Empty::kAllow, out.smtp);
  if (!out.smtp.empty() && !out.smtp.starts_with("smtp://") && !out.smtp.starts_with("smtps://"))
    reader.problem(node.where, reader.path() + " does not begin with smtp:// or smtps://",
                   "such as \"smtp://user:password@mail.example.org:587\"");
}

/// The name of a field that only the proxy may send, so none that browsers send themselves.
void login_header(ConfigReader& reader, const ConfigNode& node, std::string& out) {
  reader.text(node, Empty::kAllow, out);
  constexpr std::string_view kOfBrowsers[] = {"Host",   "Cookie", "Authorization", "User-Agent",
                                              "Origin", "Accept", "Referer",       "X-CSRF-Token"};
  const bool is_name = std::ranges::all_of(
      out, [](char c) { return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-'; });
  const bool is_browsers = std::ranges::any_of(
      kOfBrowsers, [&](std::string_view name) { return equals_ascii_case(out, name); });
  if (!is_name || is_browsers)
    reader.problem(node.where, reader.path() + " is no name of a field that a proxy adds",
                   "letters, digits and -, such as \"Remote-User\"");
}
void user_header(ConfigReader& reader, const ConfigNode& node, LoginConfig& out) {
  login_header(reader, node, out.user_header);
}
void groups_header(ConfigReader& reader, const ConfigNode& node, LoginConfig& out) {
  login_header(reader, node, out.groups_header);
}

constexpr Choice<NewUsers> kNewUsers[] = {{"none", NewUsers::kNone},
                                          {"viewer", NewUsers::kViewer},
                                          {"editor", NewUsers::kEditor},
                                          {"admin", NewUsers::kAdmin}};

constexpr std::int64_t kMostGenerations = 1000;

constexpr Key<ServiceConfig> kService[] = {
    {"refresh", Acted::kNow, text<Empty::kRefuse, &ServiceConfig::refresh>},
    {"time_zone", Acted::kNow, text<Empty::kAllow, &ServiceConfig::time_zone>},
    {"jitter", Acted::kNow, seconds<&ServiceConfig::jitter>},
    {"quiet_period", Acted::kNow, seconds<&ServiceConfig::quiet_period>},
    {"generations_kept", Acted::kNow, whole<1, kMostGenerations, &ServiceConfig::generations_kept>},
    {"max_snapshot_mb", Acted::kNow, whole<0, kManyMb, &ServiceConfig::max_snapshot_mb>},
    {"snapshots", Acted::kNow, shared_snapshots},
    {"s3_endpoint", Acted::kNow, s3_endpoint},
    {"s3_region", Acted::kNow, text<Empty::kRefuse, &ServiceConfig::s3_region>},
    {"s3_access_key", Acted::kNow, text<Empty::kAllow, &ServiceConfig::s3_access_key>},
    {"s3_secret_key", Acted::kNow, text<Empty::kAllow, &ServiceConfig::s3_secret_key>},
    {"max_shrink", Acted::kNow, max_shrink},
    {"log_level", Acted::kNow, log_level},
    {"log_format", Acted::kNow, choice<kLogFormats, &ServiceConfig::json_log>},
    {"allowed_folders", Acted::kNow, name_list<&ServiceConfig::allowed_folders>},
    {"allowed_networks", Acted::kNow, allowed_networks},
};
constexpr Key<DatabaseConfig> kDatabase[] = {{"url", Acted::kNow, database_url}};
constexpr Key<HttpConfig> kHttp[] = {
    {"listen", Acted::kNow, text<Empty::kRefuse, &HttpConfig::listen>},
    {"public_url", Acted::kNow, public_url},
    {"base_path", Acted::kNow, base_path},
    {"trusted_proxies", Acted::kNow, trusted_proxies},
    {"allowed_hosts", Acted::kNow, name_list<&HttpConfig::allowed_hosts>},
    {"allowed_origins", Acted::kNow, allowed_origins},
    {"certificate", Acted::kNow, text<Empty::kAllow, &HttpConfig::certificate>},
    {"key", Acted::kNow, text<Empty::kAllow, &HttpConfig::key>},
    {"metrics_token", Acted::kNow, text<Empty::kAllow, &HttpConfig::metrics_token>},
};
constexpr Key<LoginConfig> kLogin[] = {
    {"user_header", Acted::kNow, user_header},
    {"groups_header", Acted::kNow, groups_header},
    {"admin_groups", Acted::kNow, name_list<&LoginConfig::admin_groups>},
    {"editor_groups", Acted::kNow, name_list<&LoginConfig::editor_groups>},
    {"viewer_groups", Acted::kNow, name_list<&LoginConfig::viewer_groups>},
    {"new_users", Acted::kNow, choice<kNewUsers, &LoginConfig::new_users>},
};
constexpr Key<AlertsConfig> kAlerts[] = {
    {"webhook", Acted::kNow, webhook},
    {"ntfy", Acted::kNow, ntfy},
    {"smtp", Acted::kNow, smtp},
    {"mail_from", Acted::kNow, text<Empty::kAllow, &AlertsConfig::mail_from>},
    {"mail_to", Acted::kNow, name_list<&AlertsConfig::mail_to>},
    {"failures", Acted::kNow, whole<1, kMany, &AlertsConfig::failures>},
    {"disk_low_mb", Acted::kNow, whole<0, kManyMb, &AlertsConfig::disk_low_mb>},
    {"account_days", Acted::kNow, whole<0, kMany, &AlertsConfig::account_days>},
};

}  // namespace

bool read_service_section(ConfigReader& reader, std::string_view name, const ConfigNode& table,
                          Configuration& out) {
  if (name == "service") {
    read_table(reader, table, name, kService, {}, out.service);
  } else if (name == "database") {
    read_table(reader, table, name, kDatabase, {}, out.database);
  } else if (name == "http") {
    read_table(reader, table, name, kHttp, {}, out.http);
    if (out.http.certificate.empty() != out.http.key.empty())
      reader.problem(table.where, "[http] has only one of certificate and key",
                     "TLS needs both files");
  } else if (name == "login") {
    read_table(reader, table, name, kLogin, {}, out.login);
    out.login.where = table.where;
  } else if (name == "alerts") {
    read_table(reader, table, name, kAlerts, {}, out.alerts);
    if (!out.alerts.smtp.empty() && (out.alerts.mail_from.empty() || out.alerts.mail_to.empty()))
      reader.problem(table.where, "[alerts] smtp needs mail_from and mail_to");
  } else {
    return false;
  }
  return true;
}

std::vector<SectionKeys> service_sections() {
  return {{"service", key_names(kService)},
          {"database", key_names(kDatabase)},
          {"http", key_names(kHttp)},
          {"login", key_names(kLogin)},
          {"alerts", key_names(kAlerts)}};
}

}  // namespace m3u_proxy::config
