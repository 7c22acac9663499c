#include <mutex>

#include <m3u_proxy/plugin_host/plugin_host.hpp>
#include <m3u_proxy/plugin_host/wasm_engine.hpp>
#include <m3u_proxy/runtime/plugin_plans.hpp>
#include <m3u_proxy/runtime/process_plugins.hpp>

namespace m3u_proxy::runtime {
namespace {

class HostedPlugins final : public ProcessPlugins, public PluginPlans {
 public:
  explicit HostedPlugins(plugin_host::PluginHost::Options options) : host_(std::move(options)) {}

  Result<std::unique_ptr<generation::StagePlugins>> begin_generation() override {
    const std::lock_guard lock(mutex_);
    M3U_CHECK(host_.refresh());
    looked_ = true;
    return host_.begin_run();
  }
  std::vector<memory::PluginGrowth> take_growth() override { return host_.take_growth(); }
  memory::MemoryCleanable* kept() override { return &host_; }
  Result<std::vector<plugins::PluginView>> views() override {
    const std::lock_guard lock(mutex_);
    M3U_CHECK(look_once());
    return host_.views();
  }
  Result<plugins::PluginReload> reload() override {
    const std::lock_guard lock(mutex_);
    looked_ = true;
    return host_.reload();
  }
  Result<plugins::PlannedReload> plan_reload() override {
    const std::lock_guard lock(mutex_);
    return host_.plan_reload();
  }
  plugins::PluginLeavings leavings(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    return host_.leavings(name);
  }
  Result<> clear(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    M3U_CHECK(look_once());
    return host_.clear(name);
  }

 private:
  /// With the lock held.
  Result<> look_once() {
    if (!looked_) M3U_CHECK(host_.refresh());
    looked_ = true;
    return {};
  }

  std::mutex mutex_;  // of looking at the folder
  bool looked_ = false;
  plugin_host::PluginHost host_;
};

}  // namespace

bool can_run_plugins() { return true; }

PluginPlans* plans_of(ProcessPlugins& plugins) { return dynamic_cast<PluginPlans*>(&plugins); }

Result<std::unique_ptr<ProcessPlugins>> make_process_plugins(
    PluginOptions options, memory::Budget& budget, std::function<void()> request_cleanup) {
  if (!options.settings.enabled) return std::make_unique<NoPlugins>();
  plugin_host::WasmEngine::get();
  const std::filesystem::path cache = options.settings.cache_directory;
  return std::make_unique<HostedPlugins>(plugin_host::PluginHost::Options{
      .settings = std::move(options.settings),
      .compile = {.cache = cache, .compiler = std::move(options.compiler)},
      .budget = &budget,
      .request_cleanup = std::move(request_cleanup),
      .leak_threshold_mb = options.leak_threshold_mb});
}

}  // namespace m3u_proxy::runtime
