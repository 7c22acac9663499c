// What people see of the plugins of a host, and what they do about one.
#include <algorithm>

#include <fmt/format.h>

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

}  // namespace m3u_proxy::plugin_host
