// PluginRun: the plugins of one generation: which of them are where, chosen by configuration and
// memory pressure, and what they did.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <m3u_proxy/generation/stage_plugins.hpp>
#include <m3u_proxy/plugin_host/channel_plugin.hpp>
#include <m3u_proxy/plugin_host/plugin_host.hpp>
#include <m3u_proxy/plugin_host/programme_plugin.hpp>
#include <m3u_proxy/plugin_host/stage_plugin.hpp>
#include <m3u_proxy/plugin_host/text_plugin.hpp>

namespace m3u_proxy::plugin_host {

class PluginRun final : public generation::StagePlugins {
 public:
  /// `host` outlives it.
  explicit PluginRun(PluginHost& host);
  ~PluginRun() override;

  Result<> begin(const generation::PluginRunInfo& info) override;
  Result<std::vector<channels::ChannelStrategy*>> strategies(
      pipeline::Stage stage, channels::ChannelStrategy& native) override;
  Result<std::vector<guide::ProgrammeStrategy*>> programme_strategies() override;
  Result<std::unique_ptr<channels::SourcePlugin>> open_source(const std::string& plugin,
                                                              std::uint16_t source) override;
  void set_pressure(memory::MemoryPressureLevel level) override { state_.pressure = level; }
  void move_down(memory::StorageLevel kind) override;
  void finish() override;
  [[nodiscard]] std::vector<generation::PluginStats> stats() const override;
  [[nodiscard]] bool degraded() const override { return state_.degraded; }

 private:
  using Entry = PluginHost::Entry;
  std::vector<const Entry*> candidates(plugins::PluginStage stage) const;
  /// Whether the plugin may run now; else why not is noted, or it is an error.
  Result<bool> may_run(const Entry& entry, plugins::PluginStage stage);
  const Entry* choose_instead(const std::vector<const Entry*>& equivalent,
                              plugins::PluginStage stage, channels::ChannelStrategy& native,
                              std::string& why) const;
  StagePlugin& add_work(const Entry& entry, plugins::PluginStage stage, std::string decision,
                        std::uint16_t source = 0);
  channels::ChannelStrategy* make_strategy(StagePlugin& work, channels::ChannelStrategy* replaces);

  RunState state_;
  // As they were when the generation began.
  std::map<std::string, Entry> plugins_;
  std::map<std::string, PluginHost::Unusable> unusable_;
  mutable std::mutex mutex_;       // of the lists: move_down() comes from any thread
  std::deque<StagePlugin> works_;  // strategies point into it
  std::vector<std::unique_ptr<ChannelPlugin>> channel_plugins_;
  std::vector<std::unique_ptr<TextPlugin>> text_plugins_;
  std::vector<std::unique_ptr<ProgrammePlugin>> programme_plugins_;
  std::vector<generation::PluginStats> not_run_;
};

}  // namespace m3u_proxy::plugin_host
