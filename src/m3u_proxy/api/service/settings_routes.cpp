// /settings: what holds of the configuration's plain sections, and what is saved of them.
#include <algorithm>

#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/lineup/dry_run.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/api/service/service_routes.hpp>
#include <m3u_proxy/api/service/setting_check.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/settings/saved_settings.hpp>
#include <m3u_proxy/settings/setting_secrets.hpp>

namespace m3u_proxy::api {
namespace {

using settings::SavedSettings;
using Key = settings::LiveSettings::Key;

constexpr std::uint64_t kBody = std::uint64_t{256} << 10U;
constexpr std::string_view kOtherPlugins =
    "it would be made again with other settings of plugins; what these make of its channels is not "
    "looked at";

std::string shown_text(const ConfigNode& tree) { return config::to_json(settings::shown(tree)); }

void write_number(Json& json, std::string_view name, std::optional<double> number) {
  json.key(name);
  if (number)
    json.value(*number);
  else
    json.null();
}

void write_key(Json& json, const Key& key) {
  const std::string& name = key.said.key;
  const config::KeyShape& shape = key.said.shape;
  json.begin_object()
      .member("key", std::string_view(name))
      .member("section", key.said.section)
      .member("name", key.said.name)
      .member("type", config::to_string(shape.type));
  write_number(json, "least", shape.least);
  write_number(json, "most", shape.most);
  if (!shape.choices.empty()) {
    json.key("choices").begin_array();
    for (const std::string& choice : shape.choices) json.value(std::string_view(choice));
    json.end_array();
  }
  json.key("default").raw(settings::shown_json(name, key.otherwise));
  json.key("value").raw(settings::shown_json(name, key.in_force));
  json.key("saved").raw(settings::shown_json(name, shape.value));
  json.member("source", config::to_string(key.said_by))
      .member("applies", config::applies_at_once(name) ? "at_once" : "restart")
      .member("editable", key.said_by <= config::SaidBy::kDatabase && name != "database.url")
      .member("secret", config::is_secret(name))
      .end_object();
}

void write_names(Json& json, std::string_view name, const std::vector<std::string>& names) {
  json.key(name).begin_array();
  for (const std::string& one : names) json.value(std::string_view(one));
  json.end_array();
}

http::Response settings_answer(const ApiContext& context, const SavedSettings& saved) {
  std::string text;
  Json json(text);
  json.begin_object().member("revision", saved.revision);
  time_member(json, "updated", saved.updated);
  json.key("config").raw(shown_text(saved.tree)).key("keys").begin_array();
  for (const Key& key : context.settings.keys()) write_key(json, key);
  json.end_array();
  write_names(json, "restart_needed", context.settings.restart_needed());
  json.end_object();
  http::Response answer = json_answer(std::move(text));
  answer.add("ETag", etag_of(saved.revision));
  return answer;
}

/// Proxies that are made otherwise with other settings of plugins.
std::vector<const jobs::ProxyEntry*> proxies_made_again(const jobs::Model& model,
                                                        const config::Configuration& would_be) {
  jobs::Model changed = model;
  changed.configuration.wasm_plugins = would_be.wasm_plugins;
  std::vector<const jobs::ProxyEntry*> others;
  for (const jobs::ProxyEntry& proxy : model.proxies)
    if (jobs::definition_of(model, proxy) != jobs::definition_of(changed, proxy))
      others.push_back(&proxy);
  return others;
}

Answer dry_answer(const ApiContext& context, PublishedData& data, const Call& call,
                  const config::Configuration& would_be) {
  const auto changed = config::changed_keys(context.settings.said(), would_be);
  std::vector<std::string> later = changed;
  std::erase_if(later, [](const std::string& key) { return config::applies_at_once(key); });
  DryRun run(context, data, call);
  const auto model = context.conductor.model();
  for (const jobs::ProxyEntry* const proxy : proxies_made_again(*model, would_be))
    M3U_CHECK(run.mention(proxy->id, proxy->config.name.name, kOtherPlugins));
  std::string text;
  Json json(text);
  json.begin_object();
  run.write(json);
  write_names(json, "changed", changed);
  write_names(json, "restart_needed", later);
  json.end_object();
  return json_answer(std::move(text));
}

Answer get_settings(const ApiContext& context) {
  M3U_TRY(const SavedSettings saved, settings::read_saved(context.store, context.key));
  return settings_answer(context, saved);
}

Answer put_settings(const ApiContext& context, PublishedData& data, Call& call) {
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  const ConfigNode* const sent = fields.table("config", Fields::Needed::kYes);
  M3U_CHECK(fields.finish());
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const SavedSettings saved, settings::read_saved(context.store, context.key));
  M3U_CHECK(check_revision(call.request, saved.revision));
  M3U_TRY(const CheckedSettings checked, check_saved_settings(context, *sent, saved.tree));
  if (is_dry) return dry_answer(context, data, call, checked.would_be);
  M3U_TRY(const SavedSettings now, settings::write_saved(context.store, context.key, checked.tree,
                                                         saved.revision, context.clock()));
  M3U_CHECK(record(context, call,
                   {.action = "settings.change",
                    .before = shown_text(saved.tree),
                    .after = shown_text(now.tree)}));
  M3U_CHECK(context.take_settings());
  return settings_answer(context, now);
}

}  // namespace

Result<> add_settings_routes(Operations& operations, const ApiContext& context,
                             const std::shared_ptr<PublishedData>& data) {
  M3U_CHECK(operations.add(http::Method::kGet, "/settings", {.id = "getSettings"},
                           [&context](Call&) { return get_settings(context); }));
  return operations.add(
      http::Method::kPut, "/settings",
      {.id = "putSettings", .least = Role::kAdmin, .body_limit = kBody, .has_dry_run = true},
      [&context, data](Call& call) { return put_settings(context, *data, call); });
}

}  // namespace m3u_proxy::api
