#include <m3u_proxy/api/backup_contents.hpp>
#include <m3u_proxy/api/entities/entity_secrets.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/jobs/schedule/schedule.hpp>
#include <m3u_proxy/settings/setting_secrets.hpp>

namespace m3u_proxy::api {

Result<std::string> hide_in_backup(std::string_view config) {
  M3U_TRY(ConfigNode node, config::parse_json(config, "config"));
  hide_secrets(node);
  // Nothing of a source is called like a setting.
  settings::remove_secrets(node);
  return config::to_json(node);
}

std::function<bool(const std::string& refresh)> only_copies(const config::ServiceConfig& service) {
  return [everybody = service.refresh](const std::string& refresh) {
    // As the plan of refreshes takes it: one that cannot be read is that of everybody.
    auto schedule = jobs::Schedule::parse(refresh.empty() ? everybody : refresh);
    if (!schedule) schedule = jobs::Schedule::parse(everybody);
    // Never due, even when it was never fetched.
    return !schedule || !schedule->due({}, std::nullopt, 0);
  };
}

}  // namespace m3u_proxy::api
