// StagePlugins: plugins as the pipeline sees them: strategies that are in a stage beside its
// native one or in its place. What runs them is m3u_proxy/plugins.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/channels/channel_item.hpp>
#include <m3u_proxy/channels/source_info.hpp>
#include <m3u_proxy/channels/source_plugin.hpp>
#include <m3u_proxy/generation/plugin_stats.hpp>
#include <m3u_proxy/guide/guide.hpp>
#include <m3u_proxy/guide/programmes/programme_strategy.hpp>

namespace m3u_proxy::generation {

/// What a generation tells its plugins.
struct PluginRunInfo {
  const pipeline::RunContext* context = nullptr;  ///< outlives the plugins
  std::string proxy;
  std::span<const channels::SourceInfo> sources;  ///< playlists, by the rows' source index
  std::span<const guide::EpgSource> epg_sources{};
  bool with_ids = false;  ///< channels need their ids
};

/// One generation's plugins. Made anew for each; outlives its stages.
class StagePlugins {
 public:
  StagePlugins() = default;
  StagePlugins(const StagePlugins&) = delete;
  StagePlugins& operator=(const StagePlugins&) = delete;
  virtual ~StagePlugins() = default;

  /// Before everything else.
  virtual Result<> begin(const PluginRunInfo& info) = 0;
  /// The strategies that do the work of `stage` now, in order: `native` among them unless a plugin
  /// takes its place. They live as long as this. Called once a stage. Errors: kPlugin when one that
  /// must run cannot; kOverBudget.
  virtual Result<std::vector<channels::ChannelStrategy*>> strategies(
      pipeline::Stage stage, channels::ChannelStrategy& native) = 0;
  /// What works on the programmes, in order. They live as long as this. Errors: as strategies().
  virtual Result<std::vector<guide::ProgrammeStrategy*>> programme_strategies() = 0;
  /// The reader of a source whose configuration names `plugin`. Errors: kPlugin, kOverBudget.
  virtual Result<std::unique_ptr<channels::SourcePlugin>> open_source(const std::string& plugin,
                                                                      std::uint16_t source) = 0;
  /// The level of pressure has changed. Thread-safe.
  virtual void set_pressure(memory::MemoryPressureLevel level) = 0;
  /// What waits in memory moves down; as Spool::move_down(). Thread-safe.
  virtual void move_down(memory::StorageLevel kind) = 0;
  /// The generation is over: plugins clean up. Not called when it failed.
  virtual void finish() = 0;
  /// What they did, in the order of the stages.
  [[nodiscard]] virtual std::vector<PluginStats> stats() const = 0;
  /// A plugin was replaced by native work at least once.
  [[nodiscard]] virtual bool degraded() const = 0;
};

}  // namespace m3u_proxy::generation
