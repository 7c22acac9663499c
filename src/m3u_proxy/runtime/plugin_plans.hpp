// PluginPlans: what a change of a process's plugins would do, for who asks first.
#pragma once

#include <string>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/plugins/plugin_plan.hpp>
#include <m3u_proxy/runtime/process_plugins.hpp>

namespace m3u_proxy::runtime {

/// Thread-safe.
class PluginPlans {
 public:
  PluginPlans() = default;
  PluginPlans(const PluginPlans&) = delete;
  PluginPlans& operator=(const PluginPlans&) = delete;
  virtual ~PluginPlans() = default;

  /// What ProcessPlugins::reload() would do; nothing is done. Error: as that.
  virtual Result<plugins::PlannedReload> plan_reload() = 0;
  /// What ProcessPlugins::clear() would drop; nothing where there is none of that name.
  virtual plugins::PluginLeavings leavings(const std::string& name) = 0;
};

/// Of these plugins, with which it lives; nullptr: the process runs none.
PluginPlans* plans_of(ProcessPlugins& plugins);

}  // namespace m3u_proxy::runtime
