#include <algorithm>

#include <m3u_proxy/plugin_host/plugin_profiles.hpp>

namespace m3u_proxy::plugin_host {

void PluginProfiles::add(const generation::PluginStats& stats) {
  const std::lock_guard lock(mutex_);
  plugins::StageProfile& profile = profiles_[stats.name][stats.stage];
  profile.stage = stats.stage;
  ++profile.generations;
  profile.calls += stats.chunks;
  profile.items_in += stats.items_in;
  profile.items_out += stats.items_out;
  profile.failures += stats.failures;
  profile.replaced += stats.replaced;
  profile.seconds += stats.execution_time_ms / 1000;
  profile.peak_mb = std::max(profile.peak_mb, stats.peak_memory_mb);
  if (!stats.last_failure.empty()) profile.last_failure = stats.last_failure;
}

std::vector<plugins::StageProfile> PluginProfiles::of(const std::string& plugin) const {
  const std::lock_guard lock(mutex_);
  std::vector<plugins::StageProfile> all;
  const auto found = profiles_.find(plugin);
  if (found == profiles_.end()) return all;
  for (const auto& [stage, profile] : found->second) all.push_back(profile);
  return all;
}

void PluginProfiles::forget(const std::string& plugin) {
  const std::lock_guard lock(mutex_);
  profiles_.erase(plugin);
}

}  // namespace m3u_proxy::plugin_host
