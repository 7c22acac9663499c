#include <m3u_proxy/plugins/plugin_settings.hpp>
#include <m3u_proxy/plugins/words.hpp>

namespace m3u_proxy::plugins {

std::string_view to_string(PluginStage stage) { return word_of(kPluginStageNames, stage); }

std::optional<PluginStage> find_stage(std::string_view name) {
  return find_word<PluginStage>(kPluginStageNames, name);
}

std::string_view to_string(Permission permission) { return word_of(kPermissionNames, permission); }

Permissions default_permissions() {
  Permissions all;
  for (std::size_t i = 0; i < kPermissionCount; ++i) {
    const auto permission = static_cast<Permission>(i);
    if (permission != Permission::kClock && permission != Permission::kRandom) all.add(permission);
  }
  return all;
}

std::string_view to_string(OnFailure on_failure) { return word_of(kOnFailureNames, on_failure); }

}  // namespace m3u_proxy::plugins
