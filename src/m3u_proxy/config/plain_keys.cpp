#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <m3u_proxy/config/config_sections.hpp>
#include <m3u_proxy/config/plain_keys.hpp>

namespace m3u_proxy::config {
namespace {

/// A name that ends in '.' is all keys of the section.
constexpr std::array kAtOnce = std::to_array<std::string_view>(
    {"service.", "memory_cleanup.", "memory_monitoring.", "alerts.", "login.", "http.public_url",
     "http.trusted_proxies", "http.allowed_hosts", "http.allowed_origins",
     "proxy_memory.max_memory_mb", "proxy_memory.batch_size", "proxy_memory.memory_check_interval",
     "proxy_memory.cleanup_strategy", "proxy_memory.use_case", "proxy_memory.max_download_mb"});
/// Of those sections, what it does not: a plugin's instances are watched from the start, and what
/// is served lies where the service was told to look.
constexpr std::array kAtStart = std::to_array<std::string_view>(
    {"memory_monitoring.plugin_memory_leak_threshold", "service.snapshots", "service.s3_endpoint",
     "service.s3_region", "service.s3_access_key", "service.s3_secret_key"});

constexpr std::array kSecrets = std::to_array<std::string_view>(
    {"alerts.webhook", "alerts.ntfy", "alerts.smtp", "database.url", "http.metrics_token",
     "service.s3_secret_key", "wasm_plugins.plugins"});

/// Without the sections that are lists.
Configuration plain_of(Configuration configuration) {
  configuration.sources.clear();
  configuration.epg_sources.clear();
  configuration.filters.clear();
  configuration.rules.clear();
  configuration.proxies.clear();
  configuration.edits.clear();
  return configuration;
}

}  // namespace

std::vector<PlainKey> plain_keys(const Configuration& configuration) {
  // What describes itself may be written to: a flag that is left out, such as.
  Configuration plain = plain_of(configuration);
  std::vector<PlainKey> all;
  for (const SectionKeys& section : plain_sections())
    for (const std::string_view name : section.keys) {
      PlainKey key{.section = section.section,
                   .name = name,
                   .key = fmt::format("{}.{}", section.section, name),
                   .shape = {}};
      ConfigReader reader;
      reader.describe(&key.shape);
      read_single_key(reader, section.section, {.name = std::string(name)}, plain);
      all.push_back(std::move(key));
    }
  return all;
}

bool applies_at_once(std::string_view key) {
  return std::ranges::find(kAtStart, key) == kAtStart.end() &&
         std::ranges::any_of(kAtOnce, [&](std::string_view name) {
           return name.ends_with('.') ? key.starts_with(name) : key == name;
         });
}

bool is_secret(std::string_view key) { return std::ranges::find(kSecrets, key) != kSecrets.end(); }

std::vector<std::string> changed_keys(const Configuration& before, const Configuration& now) {
  const auto old = plain_keys(before);
  const auto fresh = plain_keys(now);
  std::vector<std::string> changed;
  for (std::size_t i = 0; i < old.size(); ++i)
    if (old[i].shape.value != fresh[i].shape.value) changed.push_back(old[i].key);
  return changed;
}

}  // namespace m3u_proxy::config
