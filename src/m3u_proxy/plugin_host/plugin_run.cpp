#include <algorithm>
#include <map>
#include <string>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/plugin_host/plugin_run.hpp>
#include <m3u_proxy/plugin_host/source_plugin.hpp>

namespace m3u_proxy::plugin_host {
namespace {

using channels::ChannelStrategy;
using pipeline::Stage;

/// nullopt: a stage that plugins have no part in.
std::optional<plugins::PluginStage> plugin_stage(Stage stage) {
  switch (stage) {
    case Stage::kDataMapping:
      return plugins::PluginStage::kDataMapping;
    case Stage::kFiltering:
      return plugins::PluginStage::kFiltering;
    case Stage::kChannelNumbering:
      return plugins::PluginStage::kChannelNumbering;
    case Stage::kM3uGeneration:
      return plugins::PluginStage::kM3uGeneration;
    default:
      return std::nullopt;
  }
}

bool works_in(const plugins::Manifest& manifest, plugins::PluginStage stage) {
  return std::ranges::find(manifest.stages, stage) != manifest.stages.end();
}

}  // namespace

PluginRun::PluginRun(PluginHost& host) : plugins_(host.plugins()), unusable_(host.unusable()) {
  state_.host = &host;
}
PluginRun::~PluginRun() = default;

Result<> PluginRun::begin(const generation::PluginRunInfo& info) {
  state_.info = info;
  for (const auto& [file, unusable] : unusable_) {
    if (unusable.on_failure == plugins::OnFailure::kFail) return fail(unusable.error);
    state_.degraded = true;
    not_run_.push_back({.name = file, .last_failure = to_string(unusable.error)});
  }
  return {};
}

/// In the order of the configuration, then by name.
std::vector<const PluginHost::Entry*> PluginRun::candidates(plugins::PluginStage stage) const {
  const auto& order = state_.host->settings().order[static_cast<std::size_t>(stage)];
  std::vector<const Entry*> found;
  for (const std::string& name : order) {
    const auto entry = plugins_.find(name);
    if (entry != plugins_.end() && works_in(entry->second.plugin->manifest(), stage))
      found.push_back(&entry->second);
    else if (entry == plugins_.end())
      log::warn("plugins", "there is no plugin \"{}\", which wasm_plugins.order names", name);
  }
  for (const auto& [name, entry] : plugins_)
    if (works_in(entry.plugin->manifest(), stage) && std::ranges::find(order, name) == order.end())
      found.push_back(&entry);
  return found;
}

Result<bool> PluginRun::may_run(const Entry& entry, plugins::PluginStage stage) {
  const plugins::Manifest& manifest = entry.plugin->manifest();
  const auto record = state_.host->quarantined(*entry.plugin);
  if (!record) return true;
  const std::string reason = fmt::format("in quarantine after {} failures, the last: {}",
                                         record->failures, record->reason);
  const std::string clear =
      fmt::format("`m3u-proxy plugin clear {}` lets it run again", manifest.name);
  if (state_.host->on_failure(manifest) == plugins::OnFailure::kFail)
    return fail(ErrorCode::kPlugin, fmt::format("plugin {} is {}", manifest.name, reason), clear);
  log::warn("plugins", "{} is {}; the native strategy does its work ({})", manifest.name, reason,
            clear);
  state_.degraded = true;
  not_run_.push_back({.name = manifest.name,
                      .version = manifest.version,
                      .stage = std::string(to_string(stage)),
                      .decision = "in quarantine",
                      .last_failure = record->reason});
  return false;
}

/// Of the native strategy and the plugins that give the same result: one by pressure. nullptr: the
/// native one.
const PluginHost::Entry* PluginRun::choose_instead(const std::vector<const Entry*>& equivalent,
                                                   plugins::PluginStage stage,
                                                   ChannelStrategy& native,
                                                   std::string& why) const {
  const plugins::PluginSettings& settings = state_.host->settings();
  std::vector<const Entry*> plugins = equivalent;
  if (settings.prefer_streaming_plugins)
    std::ranges::stable_partition(plugins, [](const Entry* entry) {
      return entry->info.memory_requirements.supports_streaming;
    });
  std::vector<pipeline::StrategyOffer> offers;
  for (const Entry* entry : plugins) {
    const plugins::MemoryRequirements& needs = entry->info.memory_requirements;
    offers.push_back({.name = entry->plugin->manifest().name,
                      .estimate = mib(std::min(std::max(needs.min_heap_mb, needs.max_heap_mb),
                                               settings.max_memory_per_plugin)),
                      .native = false,
                      .supports_streaming = needs.supports_streaming,
                      .supports_compression = needs.supports_compression});
  }
  // What was installed is what was wanted; by speed the native strategy comes first.
  const bool native_first = settings.selection_criteria == pipeline::SelectionCriteria::kFastest;
  const std::size_t native_at = native_first ? 0 : offers.size();
  offers.insert(offers.begin() + static_cast<std::ptrdiff_t>(native_at),
                pipeline::offer_of(native, {}));
  const memory::Budget& budget = *state_.info.context->budget;
  const Bytes room = budget.limit() > budget.used() ? budget.limit() - budget.used() : Bytes{};
  const pipeline::Selection chosen =
      pipeline::select_strategy(offers, state_.pressure.load(), room, settings.selection_criteria);
  why = chosen.why;
  log::debug("pipeline.strategy", "'{}': {}", to_string(stage), chosen.why);
  if (chosen.index == native_at) return nullptr;
  return plugins[chosen.index - (native_first ? 1 : 0)];
}

StagePlugin& PluginRun::add_work(const Entry& entry, plugins::PluginStage stage,
                                 std::string decision, std::uint16_t source) {
  const std::lock_guard lock(mutex_);
  StagePlugin& work = works_.emplace_back(state_, entry.plugin, entry.info, stage, source);
  work.set_decision(std::move(decision));
  return work;
}

ChannelStrategy* PluginRun::make_strategy(StagePlugin& work, ChannelStrategy* replaces) {
  const std::lock_guard lock(mutex_);
  if (work.stage() == plugins::PluginStage::kM3uGeneration)
    return text_plugins_.emplace_back(std::make_unique<TextPlugin>(work)).get();
  return channel_plugins_.emplace_back(std::make_unique<ChannelPlugin>(work, replaces)).get();
}

Result<std::vector<ChannelStrategy*>> PluginRun::strategies(Stage pipeline_stage,
                                                            ChannelStrategy& native) {
  const auto stage = plugin_stage(pipeline_stage);
  if (!stage) return std::vector<ChannelStrategy*>{&native};
  std::vector<const Entry*> before;
  std::vector<const Entry*> after;
  std::vector<const Entry*> equivalent;
  const Entry* instead = nullptr;
  for (const Entry* entry : candidates(*stage)) {
    M3U_TRY(const bool runs, may_run(*entry, *stage));
    if (!runs) continue;
    const plugins::Manifest& manifest = entry->plugin->manifest();
    if (manifest.position == plugins::Position::kBefore) {
      before.push_back(entry);
    } else if (manifest.position == plugins::Position::kAfter) {
      after.push_back(entry);
    } else if (manifest.equivalent_to_native) {
      equivalent.push_back(entry);
    } else if (instead != nullptr) {
      return fail(ErrorCode::kConfig,
                  fmt::format("the plugins {} and {} both want to replace {}",
                              instead->plugin->manifest().name, manifest.name, to_string(*stage)),
                  "disable one of them: [wasm_plugins.plugins.NAME] enabled = false");
    } else {
      instead = entry;
    }
  }
  std::string why = "it changes what the stage does, so it always runs";
  std::string why_not = "another plugin replaces the native strategy";
  if (instead == nullptr && !equivalent.empty()) {
    instead = choose_instead(equivalent, *stage, native, why);
    why_not = why;
  }
  std::vector<ChannelStrategy*> chain;
  const auto add = [&](const Entry* entry, std::string decision, ChannelStrategy* replaces) {
    chain.push_back(make_strategy(add_work(*entry, *stage, std::move(decision)), replaces));
  };
  for (const Entry* entry : before) add(entry, "before the native strategy", nullptr);
  if (instead != nullptr)
    add(instead, why, &native);
  else
    chain.push_back(&native);
  for (const Entry* entry : after) add(entry, "after the native strategy", nullptr);
  for (const Entry* entry : equivalent)
    if (entry != instead)
      not_run_.push_back({.name = entry->plugin->manifest().name,
                          .version = entry->plugin->manifest().version,
                          .stage = std::string(to_string(*stage)),
                          .decision = why_not});
  return chain;
}

Result<std::vector<guide::ProgrammeStrategy*>> PluginRun::programme_strategies() {
  std::vector<guide::ProgrammeStrategy*> chain;
  for (const Entry* entry : candidates(plugins::PluginStage::kEpg)) {
    M3U_TRY(const bool runs, may_run(*entry, plugins::PluginStage::kEpg));
    if (!runs) continue;
    StagePlugin& work = add_work(*entry, plugins::PluginStage::kEpg, "after the native strategy");
    const std::lock_guard lock(mutex_);
    chain.push_back(programme_plugins_.emplace_back(std::make_unique<ProgrammePlugin>(work)).get());
  }
  return chain;
}

Result<std::unique_ptr<channels::SourcePlugin>> PluginRun::open_source(const std::string& plugin,
                                                                       std::uint16_t source) {
  const auto found = plugins_.find(plugin);
  if (found == plugins_.end() ||
      !works_in(found->second.plugin->manifest(), plugins::PluginStage::kSourceLoading))
    return fail(ErrorCode::kPlugin,
                fmt::format("there is no plugin \"{}\" that reads sources", plugin),
                "`m3u-proxy plugin list` shows what there is");
  M3U_TRY(const bool runs, may_run(found->second, plugins::PluginStage::kSourceLoading));
  if (!runs) return std::unique_ptr<channels::SourcePlugin>();
  StagePlugin& work = add_work(found->second, plugins::PluginStage::kSourceLoading,
                               "the source's configuration names it", source);
  return std::make_unique<PluginSourceReader>(work, source);
}

void PluginRun::move_down(memory::StorageLevel kind) {
  const std::lock_guard lock(mutex_);
  for (const auto& plugin : channel_plugins_) plugin->move_down(kind);
  for (const auto& plugin : text_plugins_) plugin->move_down(kind);
  for (const auto& plugin : programme_plugins_) plugin->move_down(kind);
}

void PluginRun::finish() {
  // One that works in several stages failed when it failed in one of them.
  struct Outcome {
    const Plugin* plugin = nullptr;
    std::uint64_t failures = 0;
    std::string reason;
  };
  std::map<std::string, Outcome> outcomes;
  for (StagePlugin& work : works_) {
    work.finish();
    work.set_noted();
    const generation::PluginStats stats = work.stats();
    if (stats.chunks == 0 && stats.failures == 0) continue;
    Outcome& outcome = outcomes[stats.name];
    outcome.plugin = &work.plugin();
    outcome.failures += stats.failures;
    if (stats.failures != 0) outcome.reason = stats.last_failure;
  }
  for (const auto& [name, outcome] : outcomes)
    state_.host->note_result(*outcome.plugin, outcome.failures, outcome.reason);
}

std::vector<generation::PluginStats> PluginRun::stats() const {
  std::vector<generation::PluginStats> all;
  all.reserve(works_.size() + not_run_.size());
  for (const StagePlugin& work : works_) all.push_back(work.stats());
  all.insert(all.end(), not_run_.begin(), not_run_.end());
  return all;
}

}  // namespace m3u_proxy::plugin_host
