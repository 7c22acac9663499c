// PluginProfile: what a plugin is, asks for and needs, from its manifest, its module and itself.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <m3u_proxy/plugin_host/plugin_host.hpp>

namespace m3u_proxy::plugin_tools {

struct PluginProfile {
  plugins::Manifest manifest;
  plugins::PluginInfo info;
  std::uint64_t module_size = 0;           ///< bytes of the file
  std::vector<std::string> imports;        ///< "m3u_proxy.log"
  Bytes first_memory{};                    ///< linear memory after its start
  std::array<bool, 5> handles_pressure{};  ///< by MemoryPressureLevel
};

/// Loads the plugin and starts an instance. Errors: as Plugin::load and PluginInstance::create.
Result<PluginProfile> make_profile(const std::filesystem::path& file,
                                   const plugin_host::CompileOptions& compile);

}  // namespace m3u_proxy::plugin_tools
