// PluginProfiles: what plugins did in all generations of a process, by stage.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <m3u_proxy/generation/plugin_stats.hpp>
#include <m3u_proxy/plugins/plugin_view.hpp>

namespace m3u_proxy::plugin_host {

/// Thread-safe.
class PluginProfiles {
 public:
  /// What it did in one stage of one generation.
  void add(const generation::PluginStats& stats);
  /// By stage's name; empty for a plugin that never ran.
  [[nodiscard]] std::vector<plugins::StageProfile> of(const std::string& plugin) const;
  void forget(const std::string& plugin);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::map<std::string, plugins::StageProfile>> profiles_;
};

}  // namespace m3u_proxy::plugin_host
