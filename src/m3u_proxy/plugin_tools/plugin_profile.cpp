#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/plugin_host/wasm_module.hpp>
#include <m3u_proxy/plugin_tools/plugin_profile.hpp>
#include <m3u_proxy/plugin_tools/workbench.hpp>

namespace m3u_proxy::plugin_tools {

Result<PluginProfile> make_profile(const std::filesystem::path& file,
                                   const plugin_host::CompileOptions& compile) {
  return memory::guarded([&]() -> Result<PluginProfile> {
    M3U_TRY(const auto bench, Workbench::open(file, compile, {}));
    M3U_TRY(const auto instance, bench->make_instance());
    PluginProfile profile;
    profile.manifest = bench->plugin().manifest();
    profile.first_memory = instance->memory_size();
    M3U_TRY(profile.info, instance->info());
    for (std::size_t level = 0; level < profile.handles_pressure.size(); ++level) {
      M3U_TRY(
          profile.handles_pressure.at(level),
          instance->can_handle_memory_pressure(static_cast<memory::MemoryPressureLevel>(level)));
    }
    for (const plugin_host::ModuleItem& import : bench->plugin().module()->imports())
      profile.imports.push_back(import.module + '.' + import.name);
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(profile.manifest.wasm, error);
    profile.module_size = error ? 0 : size;
    return profile;
  });
}

}  // namespace m3u_proxy::plugin_tools
