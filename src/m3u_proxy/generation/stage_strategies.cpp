#include <m3u_proxy/generation/stage_strategies.hpp>

namespace m3u_proxy::generation {

Result<> StageStrategies::begin(const ResolvedProxyConfig& config, const PluginRunInfo& info) {
  if (!config.plugins) return {};
  M3U_TRY(plugins_, config.plugins());
  return plugins_ ? plugins_->begin(info) : Result<>();
}

Result<std::vector<channels::ChannelStrategy*>> StageStrategies::of(
    pipeline::Stage stage, channels::ChannelStrategy& native) {
  if (!plugins_) return std::vector<channels::ChannelStrategy*>{&native};
  M3U_TRY(auto strategies, plugins_->strategies(stage, native));
  const bool only_native = strategies.size() == 1 && strategies.front() == &native;
  if (!only_native)
    for (const channels::ChannelStrategy* const strategy : strategies)
      add_name(stage, strategy->name());
  return strategies;
}

Result<std::vector<guide::ProgrammeStrategy*>> StageStrategies::of_programmes() {
  if (!plugins_) return std::vector<guide::ProgrammeStrategy*>();
  M3U_TRY(auto strategies, plugins_->programme_strategies());
  if (!strategies.empty()) add_name(pipeline::Stage::kEpgGeneration, "standard");
  for (const guide::ProgrammeStrategy* const strategy : strategies)
    add_name(pipeline::Stage::kEpgGeneration, strategy->name());
  return strategies;
}

void StageStrategies::add_name(pipeline::Stage stage, std::string_view name) {
  std::string& names = names_[static_cast<std::size_t>(stage)];
  names.append(names.empty() ? "" : "+").append(name);
}

}  // namespace m3u_proxy::generation
