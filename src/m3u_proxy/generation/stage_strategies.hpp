// StageStrategies: who does the work of each stage of one generation: its native strategy, or
// plugins beside it or in its place.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <m3u_proxy/channels/channel_item.hpp>
#include <m3u_proxy/generation/proxy_config.hpp>
#include <m3u_proxy/generation/stage_plugins.hpp>

namespace m3u_proxy::generation {

/// For one generation; not thread-safe, but for set_pressure() and move_down() once it has begun.
class StageStrategies {
 public:
  /// Makes the plugins that the configuration has, and lets them begin. Errors: kPlugin,
  /// kOverBudget.
  Result<> begin(const ResolvedProxyConfig& config, const PluginRunInfo& info);
  /// nullptr: there are none.
  [[nodiscard]] StagePlugins* plugins() const { return plugins_.get(); }

  /// The strategies that do the work of `stage` now, in order. Called once a stage. Errors: as
  /// StagePlugins::strategies().
  Result<std::vector<channels::ChannelStrategy*>> of(pipeline::Stage stage,
                                                     channels::ChannelStrategy& native);
  /// What works on the guide's programmes besides its native strategy, in order. Errors: the same.
  Result<std::vector<guide::ProgrammeStrategy*>> of_programmes();
  /// Whether more than the native strategy works in a stage that was asked for.
  [[nodiscard]] bool has_plugins(pipeline::Stage stage) const { return !names(stage).empty(); }
  /// Of all that work in the stage, such as "standard+dedupe"; "" where only the native one does.
  [[nodiscard]] const std::string& names(pipeline::Stage stage) const {
    return names_[static_cast<std::size_t>(stage)];
  }

  /// To the plugins, if there are any: see StagePlugins.
  void set_pressure(memory::MemoryPressureLevel level) const {
    if (plugins_) plugins_->set_pressure(level);
  }
  void move_down(memory::StorageLevel kind) const {
    if (plugins_) plugins_->move_down(kind);
  }

 private:
  void add_name(pipeline::Stage stage, std::string_view name);

  std::unique_ptr<StagePlugins> plugins_;
  std::array<std::string, pipeline::kStageCount> names_;
};

}  // namespace m3u_proxy::generation
