// A build without WebAssembly.
#include <m3u_proxy/runtime/plugin_plans.hpp>
#include <m3u_proxy/runtime/process_plugins.hpp>

namespace m3u_proxy::runtime {

bool can_run_plugins() { return false; }

PluginPlans* plans_of(ProcessPlugins& /*plugins*/) { return nullptr; }

Result<std::unique_ptr<ProcessPlugins>> make_process_plugins(
    PluginOptions options, memory::Budget& /*budget*/, std::function<void()> /*request_cleanup*/) {
  if (!options.settings.enabled) return std::make_unique<NoPlugins>();
  return fail(ErrorCode::kConfig, "this build of m3u-proxy has no plugins",
              "set [wasm_plugins] enabled = false, or build with -DM3U_PROXY_WASM=ON");
}

}  // namespace m3u_proxy::runtime
