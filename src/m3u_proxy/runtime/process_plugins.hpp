// ProcessPlugins: the plugins of a process, or none: what runs them, seen from the runs.
//
// process_plugins_wasm.cpp has it for builds that can run plugins, process_plugins_none.cpp for the
// others.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include <m3u_proxy/generation/stage_plugins.hpp>
#include <m3u_proxy/memory/alerts.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/memory/cleanable.hpp>
#include <m3u_proxy/plugins/plugin_settings.hpp>
#include <m3u_proxy/plugins/plugin_view.hpp>

namespace m3u_proxy::runtime {

struct PluginOptions {
  plugins::PluginSettings settings{};
  /// The program m3u-proxy, whose child compiles plugins; empty: compiled in this process, which
  /// takes 18 MB more the first time.
  std::filesystem::path compiler{};
  double leak_threshold_mb = 50;  ///< 0: nobody watches
};

/// Thread-safe.
class ProcessPlugins {
 public:
  ProcessPlugins() = default;
  ProcessPlugins(const ProcessPlugins&) = delete;
  ProcessPlugins& operator=(const ProcessPlugins&) = delete;
  virtual ~ProcessPlugins() = default;

  /// Those of one generation; nullptr: there are none. Error: kNotFound when there is no folder of
  /// plugins.
  virtual Result<std::unique_ptr<generation::StagePlugins>> begin_generation() = 0;
  /// Plugins whose memory grew too much since the last call.
  virtual std::vector<memory::PluginGrowth> take_growth() = 0;
  /// The instances that are kept between generations; nullptr: none are.
  virtual memory::MemoryCleanable* kept() = 0;

  // For people.
  /// What is in the folder, by name. Error: kNotFound when there is no folder.
  virtual Result<std::vector<plugins::PluginView>> views() = 0;
  /// Looks at every file again; what cannot be loaded leaves what was there. Errors: kNotFound when
  /// there is no folder; kConflict when there are no plugins.
  virtual Result<plugins::PluginReload> reload() = 0;
  /// Lets one run again and compiles it afresh. Errors: kNotFound, kIo.
  virtual Result<> clear(const std::string& name) = 0;
};

/// Whether this build has what runs plugins.
bool can_run_plugins();

/// `request_cleanup` is thread-safe and called when a plugin asks for memory. Both outlive the
/// result. Error: kConfig when plugins are enabled and this build has none.
Result<std::unique_ptr<ProcessPlugins>> make_process_plugins(PluginOptions options,
                                                             memory::Budget& budget,
                                                             std::function<void()> request_cleanup);

/// Those of a process without plugins.
class NoPlugins final : public ProcessPlugins {
 public:
  Result<std::unique_ptr<generation::StagePlugins>> begin_generation() override { return nullptr; }
  std::vector<memory::PluginGrowth> take_growth() override { return {}; }
  memory::MemoryCleanable* kept() override { return nullptr; }
  Result<std::vector<plugins::PluginView>> views() override {
    return std::vector<plugins::PluginView>();
  }
  Result<plugins::PluginReload> reload() override {
    return fail(ErrorCode::kConflict, "plugins are not enabled", "set wasm_plugins.enabled");
  }
  Result<> clear(const std::string& name) override {
    return fail(ErrorCode::kNotFound, "there is no plugin \"" + name + "\"");
  }
};

}  // namespace m3u_proxy::runtime
