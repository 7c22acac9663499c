// PluginPlan: what a change of plugins would do, and what would go with it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/plugins/plugin_view.hpp>

namespace m3u_proxy::plugins {

/// What is kept of plugins between generations.
struct PluginLeavings {
  std::uint64_t instances = 0;
  Bytes memory{};    ///< of the instances
  Bytes compiled{};  ///< the copies on disk
};

/// What looking at all files again would do. Modules are not compiled for it: one that cannot be
/// loaded counts as loaded here.
struct PlannedReload {
  PluginReload outcome{};
  std::vector<std::string> changed_files{};  ///< by name: new, or not as they were looked at last
  PluginLeavings dropped{};                  ///< without compiled copies, which stay
};

}  // namespace m3u_proxy::plugins
