// The sections that are plain tables: memory and plugins.
#include <m3u_proxy/config/config_keys.hpp>
#include <m3u_proxy/config/config_sections.hpp>

namespace m3u_proxy::config {
namespace {

using Memory = ProxyMemoryConfig;
using Cleanup = MemoryCleanupConfig;
using Monitoring = MemoryMonitoringConfig;
using Pools = MemoryPoolConfig;
using Empty = ConfigReader::Empty;

constexpr Choice<CleanupChoice> kCleanupChoices[] = {{"auto", CleanupChoice::kAuto},
                                                     {"basic", CleanupChoice::kBasic},
                                                     {"smart", CleanupChoice::kSmart},
                                                     {"aggressive", CleanupChoice::kAggressive}};
constexpr Choice<UseCase> kUseCases[] = {{"high_throughput", UseCase::kHighThroughput},
                                         {"memory_constrained", UseCase::kMemoryConstrained},
                                         {"balanced", UseCase::kBalanced}};
constexpr Choice<PressureThresholds> kThresholds[] = {{"percent", PressureThresholds::kPercent},
                                                      {"system", PressureThresholds::kSystem}};

void memory_limit(ConfigReader& reader, const ConfigNode& node, Memory& out) {
  reader.memory_limit(node, out.max_memory_mb);
}

constexpr Key<Memory> kProxyMemory[] = {
    {"max_memory_mb", Acted::kNow, memory_limit},
    {"batch_size", Acted::kNow, whole<1, 1'000'000, &Memory::batch_size>},
    {"memory_check_interval", Acted::kNow, whole<1, kMany, &Memory::memory_check_interval>},
    {"warning_threshold", Acted::kNow, number<0.01, 1.0, &Memory::warning_threshold>},
    {"cleanup_strategy", Acted::kNow, choice<kCleanupChoices, &Memory::cleanup_strategy>},
    {"use_case", Acted::kNow, optional_choice<kUseCases, &Memory::use_case>},
    {"pressure_thresholds", Acted::kNow, choice<kThresholds, &Memory::pressure_thresholds>},
    {"spill_dir", Acted::kNow, text<Empty::kAllow, &Memory::spill_dir>},
    {"max_spill_mb", Acted::kNow, whole<0, kManyMb, &Memory::max_spill_mb>},
    {"max_download_mb", Acted::kNow, whole<0, kManyMb, &Memory::max_download_mb>},
};

constexpr Key<Cleanup> kMemoryCleanup[] = {
    {"aggressive_cleanup", Acted::kNow, flag<&Cleanup::aggressive_cleanup>},
    {"memory_pressure_threshold_mb", Acted::kNow,
     optional_number<0.0, 1e9, &Cleanup::memory_pressure_threshold_mb>},
    {"cleanup_between_stages", Acted::kNow, flag<&Cleanup::cleanup_between_stages>},
    {"auto_gc_interval", Acted::kNow, optional_seconds<&Cleanup::auto_gc_interval>},
    {"force_cleanup_frequency", Acted::kNow, optional_seconds<&Cleanup::force_cleanup_frequency>},
    {"detailed_logging", Acted::kNow, flag<&Cleanup::detailed_logging>},
    {"track_cleanup_history", Acted::kNow, flag<&Cleanup::track_cleanup_history>},
};

constexpr Key<Monitoring> kMemoryMonitoring[] = {
    {"peak_memory_alert_mb", Acted::kNow, number<0.0, 1e9, &Monitoring::peak_memory_alert_mb>},
    {"efficiency_alert_threshold", Acted::kNow,
     number<0.0, 1e9, &Monitoring::efficiency_alert_threshold>},
    {"cleanup_failure_threshold", Acted::kNow,
     whole<0, kMany, &Monitoring::cleanup_failure_threshold>},
    {"plugin_memory_leak_threshold", Acted::kNow,
     number<0.0, 1e9, &Monitoring::plugin_memory_leak_threshold>},
};

constexpr std::int64_t kLeastBuffer = 64 << 10;
constexpr std::int64_t kLargestBuffer = 64 << 20;

constexpr Key<Pools> kMemoryPools[] = {
    {"channel_pool_size", Acted::kNow, whole<0, kMany, &Pools::channel_pool_size>},
    {"metadata_pool_size", Acted::kNow, whole<0, kMany, &Pools::metadata_pool_size>},
    {"temp_buffer_size", Acted::kNow,
     whole<kLeastBuffer, kLargestBuffer, &Pools::temp_buffer_size>},
};

}  // namespace

bool read_plain_section(ConfigReader& reader, std::string_view name, const ConfigNode& table,
                        Configuration& out) {
  if (name == "proxy_memory") {
    read_table(reader, table, name, kProxyMemory, {}, out.proxy_memory);
  } else if (name == "memory_cleanup") {
    read_table(reader, table, name, kMemoryCleanup, {}, out.memory_cleanup);
  } else if (name == "memory_monitoring") {
    read_table(reader, table, name, kMemoryMonitoring, {}, out.memory_monitoring);
  } else if (name == "memory_pools") {
    read_table(reader, table, name, kMemoryPools, {}, out.memory_pools);
  } else if (name == "wasm_plugins") {
    read_plugin_section(reader, table, out.wasm_plugins);
  } else {
    return read_service_section(reader, name, table, out);
  }
  return true;
}

std::vector<SectionKeys> plain_sections() {
  std::vector<SectionKeys> sections = {{"proxy_memory", key_names(kProxyMemory)},
                                       {"memory_cleanup", key_names(kMemoryCleanup)},
                                       {"memory_monitoring", key_names(kMemoryMonitoring)},
                                       {"memory_pools", key_names(kMemoryPools)},
                                       plugin_section()};
  for (SectionKeys& section : service_sections()) sections.push_back(std::move(section));
  return sections;
}

}  // namespace m3u_proxy::config
