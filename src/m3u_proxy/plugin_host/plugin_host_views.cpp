// What people see of the plugins of a host, and what they do about one.
#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/plugin_host/file_time.hpp>
#include <m3u_proxy/plugin_host/plugin_host.hpp>

namespace m3u_proxy::plugin_host {

using plugins::PluginState;
using plugins::PluginView;

std::vector<PluginView> PluginHost::views() const {
  std::vector<PluginView> all;
  const auto view_of = [this](const plugins::Manifest& manifest) {
    return PluginView{.name = manifest.name,
                      .file = manifest.file,
                      .manifest = manifest,
                      .permissions = permissions_of(manifest),
                      .on_failure = on_failure(manifest),
                      .limit_mb = options_.settings.max_memory_per_plugin,
                      .profile = profiles_.of(manifest.name)};
  };
  for (const auto& [name, entry] : plugins_) {
    PluginView view = view_of(entry.plugin->manifest());
    view.info = entry.info;
    view.error = entry.problem;
    if (const auto record = quarantined(*entry.plugin)) {
      view.state = PluginState::kQuarantined;
      view.error = record->reason;
    }
    all.push_back(std::move(view));
  }
  for (const auto& [file, manifest] : disabled_) {
    all.push_back(view_of(manifest));
    all.back().state = PluginState::kDisabled;
  }
  for (const auto& [file, unusable] : unusable_)
    all.push_back({.name = std::filesystem::path(file).stem().string(),
                   .file = std::filesystem::path(options_.settings.plugin_directory) / file,
                   .state = PluginState::kUnusable,
                   .error = to_string(unusable.error),
                   .on_failure = unusable.on_failure,
                   .limit_mb = options_.settings.max_memory_per_plugin});
  std::ranges::sort(all, {}, &PluginView::name);
  return all;
}

Result<> PluginHost::clear(const std::string& name) {
  const auto all = views();
  const auto found = std::ranges::find(all, name, &PluginView::name);
  if (found == all.end())
    return fail(ErrorCode::kNotFound, fmt::format("there is no plugin \"{}\"", name));
  {
    const std::lock_guard lock(mutex_);
    const auto cleared = quarantine_.clear(name);
    if (!cleared) return fail(cleared.error());
  }
  profiles_.forget(name);
  if (found->manifest) M3U_CHECK(forget_module(found->manifest->wasm, options_.compile));
  plugins::PluginReload ignored;
  look_at(found->file, Look::kAll, ignored);
  return {};
}

plugins::PluginLeavings PluginHost::leavings(const std::string& name) const {
  plugins::PluginLeavings left;
  {
    const std::lock_guard lock(mutex_);
    const auto [begin, end] = idle_.equal_range(name);
    for (auto kept = begin; kept != end; ++kept) {
      ++left.instances;
      left.memory += kept->second.instance->memory_size();
    }
  }
  const auto all = views();
  const auto found = std::ranges::find(all, name, &PluginView::name);
  if (found != all.end() && found->manifest)
    left.compiled = compiled_size(found->manifest->wasm, options_.compile);
  return left;
}

Result<plugins::PlannedReload> PluginHost::plan_reload() const {
  M3U_TRY(const auto found, manifests());
  plugins::PlannedReload out;
  for (const auto& [name, entry] : plugins_)
    if (!std::ranges::binary_search(found, entry.plugin->manifest().file))
      out.outcome.removed.push_back(name);
  for (const std::filesystem::path& file : found) plan(file, out);
  const std::lock_guard lock(mutex_);
  for (const auto& [name, kept] : idle_) {
    ++out.dropped.instances;
    out.dropped.memory += kept.instance->memory_size();
  }
  return out;
}

/// What look_at() compares: the times of a manifest and its module when they were looked at last.
PluginHost::FileTimes PluginHost::times_of(const std::filesystem::path& manifest) const {
  for (const auto& [name, entry] : plugins_)
    if (entry.plugin->manifest().file == manifest)
      return {.manifest = entry.manifest_time, .wasm = entry.wasm_time};
  const auto failed = unusable_.find(manifest.filename().string());
  if (failed == unusable_.end()) return {};
  return {.manifest = failed->second.manifest_time, .wasm = failed->second.wasm_time};
}

/// As look_at() would do it, without loading.
void PluginHost::plan(const std::filesystem::path& file, plugins::PlannedReload& out) const {
  const auto manifest = plugins::read_manifest(file);
  const plugins::PluginOverride* const said = manifest ? override_of(manifest->name) : nullptr;
  if (said != nullptr && !said->enabled) return;
  const auto known = std::ranges::find_if(
      plugins_, [&](const auto& entry) { return entry.second.plugin->manifest().file == file; });
  const bool is_known = known != plugins_.end();
  const auto fails = [&](const Error& error) {
    out.outcome.failed.push_back(
        {.file = file.filename().string(), .message = to_string(error), .kept = is_known});
  };
  const FileTimes before = times_of(file);
  const bool is_new_manifest = time_of(file) != before.manifest;
  if (is_new_manifest) out.changed_files.push_back(file.filename().string());
  if (!manifest) return fails(manifest.error());
  if (time_of(manifest->wasm) != before.wasm)
    out.changed_files.push_back(manifest->wasm.filename().string());
  const auto content = content_key_of(manifest->wasm);
  if (!content) return fails(content.error());
  const std::string& name = manifest->name;
  const auto has_name = [&](const std::vector<std::string>& names) {
    return std::ranges::find(names, name) != names.end();
  };
  const auto other = plugins_.find(name);
  const bool is_taken = other != plugins_.end() && other != known && !has_name(out.outcome.removed);
  if (is_taken || has_name(out.outcome.loaded) || has_name(out.outcome.unchanged))
    return fails(name_is_taken(file, name));
  const bool is_same = is_known && known->second.problem.empty() && !is_new_manifest &&
                       known->second.plugin->content_key() == *content;
  (is_same ? out.outcome.unchanged : out.outcome.loaded).push_back(name);
}

}  // namespace m3u_proxy::plugin_host
