#include <filesystem>

#include <fmt/format.h>

#include <m3u_proxy/daemon/configuration/http_settings.hpp>
#include <m3u_proxy/daemon/configuration/setting_checks.hpp>
#include <m3u_proxy/http/connection/tls.hpp>
#include <m3u_proxy/io/temp_folder.hpp>
#include <m3u_proxy/jobs/schedule/schedule.hpp>

namespace m3u_proxy::daemon {
namespace {

namespace fs = std::filesystem;

class Checks {
 public:
  void add(std::string key, Error error) { found_.emplace_back(std::move(key), std::move(error)); }
  template <typename T>
  void expect(const char* key, const Result<T>& result) {
    if (!result) add(key, result.error());
  }
  void expect_folder(const char* key, const std::string& path) {
    std::error_code error;
    if (!fs::is_directory(path, error))
      add(key, {.code = ErrorCode::kConfig,
                .message = fmt::format("{} is no folder", path),
                .where = {},
                .hint = "make it first"});
  }
  std::vector<std::pair<std::string, Error>> take() { return std::move(found_); }

 private:
  std::vector<std::pair<std::string, Error>> found_;
};

void check_service(const config::ServiceConfig& service, Checks& checks) {
  const auto zone = jobs::TimeZone::find(service.time_zone);
  checks.expect("service.time_zone", zone);
  checks.expect("service.refresh",
                jobs::Schedule::parse(service.refresh, zone.value_or(jobs::TimeZone())));
}

void check_http(const config::HttpConfig& http, Checks& checks) {
  checks.expect("http.listen", endpoint_of(http.listen));
  if (!http.public_url.empty())
    checks.expect("http.public_url", http::parse_base_address(http.public_url));
  if (!http.certificate.empty() && !http.key.empty())
    checks.expect("http.certificate", http::TlsIdentity::load(http.certificate, http.key));
}

void check_spill_dir(const fs::path& spill_dir, Checks& checks) {
  if (!spill_dir.empty()) checks.expect_folder("proxy_memory.spill_dir", spill_dir);
  // As at the start: on a disk, and one that can be written to.
  std::error_code error;
  if (spill_dir.is_absolute() && fs::is_directory(spill_dir, error))
    checks.expect("proxy_memory.spill_dir",
                  io::TempFolder::create(spill_dir, io::TempFolder::Tmpfs::kRefuse));
}

void check_plugins(const plugins::PluginSettings& settings, Checks& checks) {
  if (!settings.enabled) return;
  if (!runtime::can_run_plugins())
    checks.add("wasm_plugins.enabled", {.code = ErrorCode::kConfig,
                                        .message = "this build of m3u-proxy has no plugins",
                                        .where = {},
                                        .hint = {}});
  // Whichever of the two is said here is the one to change.
  checks.expect_folder("wasm_plugins.plugin_directory", settings.plugin_directory);
  checks.expect_folder("wasm_plugins.enabled", settings.plugin_directory);
}

}  // namespace

std::vector<std::pair<std::string, Error>> check_settings(const config::Configuration& settings,
                                                          const runtime::Process& process) {
  Checks checks;
  check_service(settings.service, checks);
  check_http(settings.http, checks);
  check_spill_dir(settings.proxy_memory.spill_dir, checks);
  check_plugins(settings.wasm_plugins, checks);
  checks.expect("proxy_memory.max_memory_mb",
                process.check_memory_limit(settings.proxy_memory.max_memory_mb));
  return checks.take();
}

}  // namespace m3u_proxy::daemon
