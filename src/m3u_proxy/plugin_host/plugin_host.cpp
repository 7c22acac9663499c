#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/plugin_host/file_time.hpp>
#include <m3u_proxy/plugin_host/plugin_host.hpp>
#include <m3u_proxy/plugin_host/plugin_run.hpp>
#include <m3u_proxy/plugin_host/wasm_module.hpp>

namespace m3u_proxy::plugin_host {
Result<std::shared_ptr<const Plugin>> Plugin::load(const std::filesystem::path& file,
                                                   const CompileOptions& options) {
  auto plugin = std::make_shared<Plugin>();
  M3U_TRY(plugin->manifest_, plugins::read_manifest(file));
  M3U_TRY(LoadedModule loaded, load_module(plugin->manifest_.wasm, options));
  plugin->module_ = std::move(loaded.module);
  plugin->content_key_ = std::move(loaded.content_key);
  plugin->was_cached_ = loaded.was_cached;
  return plugin;
}

PluginHost::PluginHost(Options options)
    : options_(std::move(options)),
      quarantine_(quarantine_file(options_.compile), options_.settings.max_plugin_failures) {
  reclaimer_ = options_.budget->add_reclaimer(memory::Budget::ReclaimOrder::kCaches,
                                              [this](Bytes wanted) { return drop_idle(wanted); });
}

PluginHost::~PluginHost() { options_.budget->remove_reclaimer(reclaimer_); }

Result<> PluginHost::refresh() {
  {
    const std::lock_guard lock(mutex_);
    quarantine_.refresh();
  }
  if (!plugins_.empty() && !options_.settings.enable_hot_reload) return {};
  const auto looked = look(Look::kChanged);
  return looked ? Result<>() : fail(looked.error());
}

Result<plugins::PluginReload> PluginHost::reload() {
  {
    const std::lock_guard lock(mutex_);
    quarantine_.refresh();
  }
  return look(Look::kAll);
}

Result<std::vector<std::filesystem::path>> PluginHost::manifests() const {
  auto found = plugins::find_manifests(options_.settings.plugin_directory);
  if (found) return found;
  Error error = std::move(found).error();
  error.hint = "make it, or set wasm_plugins.plugin_directory";
  return fail(std::move(error));
}

Result<plugins::PluginReload> PluginHost::look(Look which) {
  const std::filesystem::path folder = options_.settings.plugin_directory;
  M3U_TRY(const auto found, manifests());
  plugins::PluginReload out;
  const auto is_there = [&](const std::filesystem::path& file) {
    return std::ranges::binary_search(found, file);
  };
  std::erase_if(plugins_, [&](const auto& entry) {
    const bool gone = !is_there(entry.second.plugin->manifest().file);
    if (!gone) return false;
    drop_instances(entry.first);
    profiles_.forget(entry.first);
    out.removed.push_back(entry.first);
    return true;
  });
  const auto has_gone = [&](const auto& entry) { return !is_there(folder / entry.first); };
  std::erase_if(unusable_, has_gone);
  std::erase_if(disabled_, has_gone);
  for (const std::filesystem::path& manifest : found) look_at(manifest, which, out);
  return out;
}

void PluginHost::look_at(const std::filesystem::path& file, Look which,
                         plugins::PluginReload& out) {
  const auto manifest_time = time_of(file);
  const auto known = std::ranges::find_if(
      plugins_, [&](const auto& entry) { return entry.second.plugin->manifest().file == file; });
  const bool is_known = known != plugins_.end();
  if (is_known) {
    const bool is_same = known->second.manifest_time == manifest_time &&
                         known->second.wasm_time == time_of(known->second.wasm);
    if (is_same && which == Look::kChanged) return;
    if (!is_same) log::info("plugins", "{} changed: loaded again", known->first);
  }
  const std::string file_name = file.filename().string();
  const auto failed_before = unusable_.find(file_name);
  auto manifest = plugins::read_manifest(file);
  const auto wasm_time = manifest ? time_of(manifest->wasm) : std::filesystem::file_time_type{};
  if (which == Look::kChanged && failed_before != unusable_.end() &&
      failed_before->second.manifest_time == manifest_time &&
      failed_before->second.wasm_time == wasm_time)
    return;
  unusable_.erase(file_name);
  disabled_.erase(file_name);
  // What is kept was made with the old module, permissions and configuration.
  if (is_known) drop_instances(known->first);
  const plugins::PluginOverride* const said = manifest ? override_of(manifest->name) : nullptr;
  if (said != nullptr && !said->enabled) {
    if (is_known) plugins_.erase(known);
    disabled_.emplace(file_name, *std::move(manifest));
    return;
  }
  auto loaded = load(file);
  if (loaded) {
    const std::string& name = loaded->plugin->manifest().name;
    const auto other = plugins_.find(name);
    if (other != plugins_.end() && other != known) loaded = fail(name_is_taken(file, name));
  }
  if (loaded) {
    // As they were before the files were read: what is replaced meanwhile is loaded again.
    loaded->manifest_time = manifest_time;
    loaded->wasm_time = wasm_time;
    loaded->wasm = manifest ? manifest->wasm : loaded->plugin->manifest().wasm;
    return replace(is_known ? &known->first : nullptr, *std::move(loaded), out);
  }
  Unusable failure{
      .error = std::move(loaded).error(),
      .on_failure = manifest ? on_failure(*manifest)
                             : (options_.settings.fallback_to_native ? plugins::OnFailure::kNative
                                                                     : plugins::OnFailure::kFail),
      .manifest_time = manifest_time,
      .wasm_time = wasm_time};
  if (is_known && manifest) known->second.wasm = manifest->wasm;
  keep_out(file, std::move(failure), is_known ? &known->second : nullptr, out);
}

Error PluginHost::name_is_taken(const std::filesystem::path& file, const std::string& name) {
  return {.code = ErrorCode::kPlugin,
          .message = fmt::format("{}: there is another plugin called \"{}\"", file.string(), name)};
}

/// `known`: what it was called when it was loaded before; nullptr: it was not.
void PluginHost::replace(const std::string* known, Entry entry, plugins::PluginReload& out) {
  const std::string name = entry.plugin->manifest().name;
  bool is_same = false;
  if (known != nullptr) {
    const Entry& before = plugins_.at(*known);
    is_same = before.problem.empty() && before.manifest_time == entry.manifest_time &&
              before.plugin->content_key() == entry.plugin->content_key();
    plugins_.erase(std::string(*known));
  }
  (is_same ? out.unchanged : out.loaded).push_back(name);
  plugins_.emplace(name, std::move(entry));
}

/// What cannot be loaded is left out, unless there is what was loaded before: that one goes on.
void PluginHost::keep_out(const std::filesystem::path& file, Unusable failure, Entry* known,
                          plugins::PluginReload& out) {
  const std::string file_name = file.filename().string();
  const std::string message = to_string(failure.error);
  log::warn("plugins", "{}: {}{}", file_name, message,
            known != nullptr ? "; the one that was loaded before goes on" : "");
  out.failed.push_back({.file = file_name, .message = message, .kept = known != nullptr});
  if (known == nullptr) {
    unusable_[file_name] = std::move(failure);
    return;
  }
  known->problem = message;
  known->manifest_time = failure.manifest_time;
  known->wasm_time = time_of(known->wasm);
}

Result<PluginHost::Entry> PluginHost::load(const std::filesystem::path& file) {
  Entry entry;
  M3U_TRY(entry.plugin, Plugin::load(file, options_.compile));
  const plugins::Manifest& manifest = entry.plugin->manifest();
  M3U_TRY(auto instance, take_instance(*entry.plugin, {}));
  M3U_TRY(entry.info, instance->info());
  if (entry.info.name != manifest.name || entry.info.version != manifest.version)
    return fail(ErrorCode::kPlugin,
                fmt::format("the module calls itself {} {}, its manifest {} {}", entry.info.name,
                            entry.info.version, manifest.name, manifest.version));
  for (const plugins::PluginStage stage : manifest.stages)
    if (std::ranges::find(entry.info.supported_stages, stage) == entry.info.supported_stages.end())
      return fail(ErrorCode::kPlugin,
                  fmt::format("the module does not support the stage {}", to_string(stage)));
  if (manifest.parallel && !entry.info.memory_requirements.supports_streaming)
    return fail(ErrorCode::kPlugin,
                "it is parallel, so it has to support streaming: m3u_finalize gives nothing then",
                "set parallel = false in its manifest");
  if (const auto& needs = entry.info.memory_requirements;
      needs.min_heap_mb > options_.settings.max_memory_per_plugin)
    return fail(ErrorCode::kPlugin,
                fmt::format("it needs {} MB, and max_memory_per_plugin is {}", needs.min_heap_mb,
                            options_.settings.max_memory_per_plugin),
                "raise wasm_plugins.max_memory_per_plugin");
  const std::lock_guard lock(mutex_);
  idle_.emplace(manifest.name, Idle{.content_key = entry.plugin->content_key(),
                                    .instance = std::move(instance),
                                    .generation = generation_});
  return entry;
}

const plugins::PluginOverride* PluginHost::override_of(const std::string& name) const {
  const auto found =
      std::ranges::find(options_.settings.plugins, name, &plugins::PluginOverride::name);
  return found == options_.settings.plugins.end() ? nullptr : &*found;
}

plugins::Permissions PluginHost::permissions_of(const plugins::Manifest& manifest) const {
  const plugins::PluginOverride* const said = override_of(manifest.name);
  return manifest.needs & (said != nullptr && said->allow ? *said->allow : options_.settings.allow);
}

plugins::OnFailure PluginHost::on_failure(const plugins::Manifest& manifest) const {
  const plugins::PluginOverride* const said = override_of(manifest.name);
  if (said != nullptr && said->on_failure) return *said->on_failure;
  // One that gives the same result can always be replaced.
  if (manifest.equivalent_to_native) return plugins::OnFailure::kNative;
  if (manifest.on_failure) return *manifest.on_failure;
  return options_.settings.fallback_to_native ? plugins::OnFailure::kNative
                                              : plugins::OnFailure::kFail;
}

std::unique_ptr<generation::StagePlugins> PluginHost::begin_run() {
  {
    const std::lock_guard lock(mutex_);
    ++generation_;
  }
  return std::make_unique<PluginRun>(*this);
}

Result<std::unique_ptr<PluginInstance>> PluginHost::take_instance(const Plugin& plugin,
                                                                  const PluginInstance::Run& run) {
  const plugins::Manifest& manifest = plugin.manifest();
  std::unique_ptr<PluginInstance> kept;
  {
    const std::lock_guard lock(mutex_);
    const auto found = idle_.find(manifest.name);
    if (found != idle_.end()) {
      if (found->second.content_key == plugin.content_key())
        kept = std::move(found->second.instance);
      idle_.erase(found);
    }
  }
  if (kept == nullptr) {
    const plugins::PluginOverride* const said = override_of(manifest.name);
    const plugins::PluginSettings& settings = options_.settings;
    plugin.temp_quota()->set_limit(mib(settings.max_temp_mb));
    M3U_TRY(std::string config,
            plugins::merge_config(manifest.config_json, said != nullptr ? said->config_json : ""));
    M3U_TRY(kept, PluginInstance::create(
                      plugin.module(), manifest,
                      {.budget = options_.budget,
                       .spill = run.spill,
                       .permissions = permissions_of(manifest),
                       .config_json = std::move(config),
                       .max_memory = mib(settings.max_memory_per_plugin),
                       .temp_quota = plugin.temp_quota(),
                       .call_timeout = std::chrono::seconds(settings.chunk_timeout_seconds),
                       .total_timeout = std::chrono::seconds(settings.timeout_seconds),
                       // m3u_init sees the same time whenever an instance is made.
                       .now = 0,
                       .request_cleanup = options_.request_cleanup,
                       .cancel = run.cancel}));
  }
  kept->set_run(run);
  return kept;
}

void PluginHost::give_back(const Plugin& plugin, std::unique_ptr<PluginInstance> instance,
                           std::uint64_t chunks) {
  instance->set_run({});
  const std::string& name = plugin.manifest().name;
  const double grown_mb = instance->note_generation(chunks).mb();
  const std::lock_guard lock(mutex_);
  if (options_.leak_threshold_mb > 0 && grown_mb > options_.leak_threshold_mb) {
    grown_.push_back({.plugin = name, .grown_mb = grown_mb});
    log::info("plugins", "{} grew by {:.1f}MB over its generations: the instance is replaced", name,
              grown_mb);
    return;
  }
  idle_.emplace(name, Idle{.content_key = plugin.content_key(),
                           .instance = std::move(instance),
                           .generation = generation_});
}

std::vector<memory::PluginGrowth> PluginHost::take_growth() {
  const std::lock_guard lock(mutex_);
  return std::exchange(grown_, {});
}

std::optional<Quarantine::Record> PluginHost::quarantined(const Plugin& plugin) const {
  const std::lock_guard lock(mutex_);
  const auto* const record = quarantine_.find(plugin.manifest().name, plugin.content_key());
  return record == nullptr ? std::nullopt : std::optional(*record);
}

void PluginHost::note_result(const Plugin& plugin, std::uint64_t failures,
                             const std::string& reason) {
  const std::string& name = plugin.manifest().name;
  const std::lock_guard lock(mutex_);
  const bool was_out = quarantine_.find(name, plugin.content_key()) != nullptr;
  if (failures == 0 && !quarantine_.records().contains(name)) return;
  const auto noted = quarantine_.note(name, plugin.content_key(), failures, reason);
  if (!noted) log::warn("plugins", "{}", to_string(noted.error()));
  if (!was_out && quarantine_.find(name, plugin.content_key()) != nullptr)
    log::warn("plugins",
              "{} failed too often and is in quarantine until its file changes, or "
              "`m3u-proxy plugin clear {}`",
              name, name);
}

/// Frees the instances of a plugin that nobody uses.
void PluginHost::drop_instances(const std::string& name) {
  const std::lock_guard lock(mutex_);
  idle_.erase(name);
}

std::size_t PluginHost::smart_cleanup() {
  const std::lock_guard lock(mutex_);
  return std::erase_if(idle_, [this](const auto& kept) { return is_unused(kept.second); });
}

std::size_t PluginHost::aggressive_cleanup() {
  const std::lock_guard lock(mutex_);
  const std::size_t dropped = idle_.size();
  idle_.clear();
  return dropped;
}

memory::MemoryUsage PluginHost::memory_usage() const {
  const std::lock_guard lock(mutex_);
  memory::MemoryUsage usage;
  for (const auto& [name, kept] : idle_) {
    const Bytes size = kept.instance->memory_size();
    usage += {.held = size, .unused = is_unused(kept) ? size : Bytes{}};
  }
  return usage;
}

/// Frees instances that nobody uses: called when memory is short.
Bytes PluginHost::drop_idle(Bytes wanted) {
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return {};
  Bytes freed{};
  while (!idle_.empty() && freed < wanted) {
    freed += idle_.begin()->second.instance->memory_size();
    idle_.erase(idle_.begin());
  }
  return freed;
}

}  // namespace m3u_proxy::plugin_host
