// /plugins: what is in the folder of plugins, what it took, and what can be done about it.
#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/lineup/dry_run.hpp>
#include <m3u_proxy/api/planned_change.hpp>
#include <m3u_proxy/api/service/service_routes.hpp>
#include <m3u_proxy/runtime/plugin_plans.hpp>

namespace m3u_proxy::api {
namespace {

using plugins::PluginView;
using plugins::StageProfile;

constexpr std::string_view kNotRun =
    "its next generation has the change; what plugins make of its channels shows once they run";

void write_profile(Json& json, const std::vector<StageProfile>& profile) {
  json.key("profile").begin_array();
  for (const StageProfile& stage : profile) {
    json.begin_object()
        .member("stage", std::string_view(stage.stage))
        .member("generations", stage.generations)
        .member("calls", stage.calls)
        .member("items_in", stage.items_in)
        .member("items_out", stage.items_out)
        .member("failures", stage.failures)
        .member("replaced", stage.replaced)
        .member("seconds", stage.seconds)
        .member("peak_mb", stage.peak_mb);
    text_or_null_member(json, "last_failure", stage.last_failure);
    json.end_object();
  }
  json.end_array();
}

/// All stages together.
void write_totals(Json& json, const std::vector<StageProfile>& profile) {
  StageProfile all;
  for (const StageProfile& stage : profile) {
    all.generations = std::max(all.generations, stage.generations);
    all.calls += stage.calls;
    all.failures += stage.failures;
    all.seconds += stage.seconds;
    all.peak_mb = std::max(all.peak_mb, stage.peak_mb);
  }
  json.member("generations", all.generations)
      .member("calls", all.calls)
      .member("failures", all.failures)
      .member("seconds", all.seconds)
      .member("peak_mb", all.peak_mb);
}

void write_permissions(Json& json, plugins::Permissions permissions) {
  json.key("permissions").begin_array();
  for (std::size_t i = 0; i < plugins::kPermissionCount; ++i) {
    const auto permission = static_cast<plugins::Permission>(i);
    if (permissions.has(permission)) json.value(to_string(permission));
  }
  json.end_array();
}

void write_plugin(Json& json, const PluginView& view) {
  const plugins::Manifest manifest = view.manifest.value_or(plugins::Manifest());
  const plugins::PluginInfo info = view.info.value_or(plugins::PluginInfo());
  json.begin_object()
      .member("name", std::string_view(view.name))
      .member("version", std::string_view(manifest.version))
      .member("state", plugins::to_string(view.state));
  text_or_null_member(json, "error", view.error);
  json.member("file", std::string_view(view.file.string())).key("stages").begin_array();
  for (const plugins::PluginStage stage : manifest.stages) json.value(to_string(stage));
  json.end_array()
      .member("position", to_string(manifest.position))
      .member("parallel", manifest.parallel)
      .member("equivalent_to_native", manifest.equivalent_to_native)
      .member("on_failure", to_string(view.on_failure));
  write_permissions(json, view.permissions);
  json.key("memory")
      .begin_object()
      .member("min_mb", info.memory_requirements.min_heap_mb)
      .member("max_mb", info.memory_requirements.max_heap_mb)
      .member("limit_mb", view.limit_mb)
      .member("streaming", info.memory_requirements.supports_streaming)
      .member("compression", info.memory_requirements.supports_compression)
      .end_object()
      .member("description", std::string_view(info.description))
      .member("author", std::string_view(info.author))
      .member("license", std::string_view(info.license));
  write_totals(json, view.profile);
  write_profile(json, view.profile);
  json.end_object();
}

std::string plugin_json(const PluginView& view) {
  std::string text;
  Json json(text);
  write_plugin(json, view);
  return text;
}

Outcome<PluginView> find_plugin(const ApiContext& context, const Call& call) {
  const std::string name(call.request.parameter("name"));
  M3U_TRY(const auto all, context.process.plugins().views());
  const auto found = std::ranges::find(all, name, &PluginView::name);
  if (found == all.end()) return problem(404, "there is no such plugin");
  return *found;
}

Answer list_plugins(const ApiContext& context) {
  const plugins::PluginSettings& settings = context.configuration.wasm_plugins;
  M3U_TRY(const auto all, context.process.plugins().views());
  std::string text;
  Json json(text);
  json.begin_object()
      .member("enabled", settings.enabled)
      .member("folder", std::string_view(settings.plugin_directory))
      .key("items")
      .begin_array();
  for (const PluginView& view : all) write_plugin(json, view);
  json.end_array().key("next_cursor").null().end_object();
  return json_answer(std::move(text));
}

Answer get_plugin(const ApiContext& context, Call& call) {
  M3U_TRY(const PluginView view, find_plugin(context, call));
  return json_answer(plugin_json(view));
}

void write_names(Json& json, std::string_view name, const std::vector<std::string>& names) {
  json.key(name).begin_array();
  for (const std::string& one : names) json.value(std::string_view(one));
  json.end_array();
}

void write_reload(Json& json, const plugins::PluginReload& reload) {
  write_names(json, "loaded", reload.loaded);
  write_names(json, "removed", reload.removed);
  write_names(json, "unchanged", reload.unchanged);
  json.key("failed").begin_array();
  for (const auto& [file, message, kept] : reload.failed)
    json.begin_object()
        .member("file", std::string_view(file))
        .member("message", std::string_view(message))
        .member("kept", kept)
        .end_object();
  json.end_array();
}

/// The proxies whose next generation has what the change makes of the plugins: all, since each
/// plugin is in every generation.
Outcome<void> mention_all(DryRun& run, const ApiContext& context) {
  if (const auto model = context.conductor.model())
    for (const jobs::ProxyEntry& proxy : model->proxies)
      M3U_CHECK(run.mention(proxy.id, proxy.config.name.name, kNotRun));
  return {};
}

Answer try_reload(const ApiContext& context, PublishedData& data, const Call& call) {
  auto* const plans = runtime::plans_of(context.process.plugins());
  if (plans == nullptr) return problem(409, "plugins are not enabled", "set wasm_plugins.enabled");
  M3U_TRY(const plugins::PlannedReload planned, plans->plan_reload());
  DryRun run(context, data, call);
  if (!planned.outcome.loaded.empty() || !planned.outcome.removed.empty())
    M3U_CHECK(mention_all(run, context));
  std::string text;
  Json json(text);
  json.begin_object();
  run.write(json);
  write_reload(json, planned.outcome);
  write_names(json, "changed_files", planned.changed_files);
  json.member("instances", planned.dropped.instances)
      .member("instances_mb", planned.dropped.memory.mb())
      .end_object();
  return json_answer(std::move(text));
}

Answer reload_plugins(const ApiContext& context, PublishedData& data, Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  if (is_dry) return try_reload(context, data, call);
  M3U_TRY(const plugins::PluginReload done, context.process.plugins().reload());
  std::string text;
  Json json(text);
  json.begin_object();
  write_reload(json, done);
  json.end_object();
  M3U_CHECK(record(context, call, {.action = "plugins.reload", .after = text}));
  return json_answer(std::move(text));
}

/// As it would be if its module can be loaded, which shows only then.
Answer try_clear(const ApiContext& context, PublishedData& data, const Call& call,
                 const PluginView& before) {
  const bool is_disabled = before.state == plugins::PluginState::kDisabled;
  auto* const plans = runtime::plans_of(context.process.plugins());
  const auto left = plans != nullptr ? plans->leavings(before.name) : plugins::PluginLeavings();
  PluginView after = before;
  after.state = is_disabled ? before.state : plugins::PluginState::kReady;
  after.error.clear();
  after.profile.clear();
  DryRun run(context, data, call);
  if (!is_disabled) M3U_CHECK(mention_all(run, context));
  return planned_answer({.action = "change",
                         .before = plugin_json(before),
                         .after = plugin_json(after),
                         .more = {{"instances", fmt::format("{}", left.instances)},
                                  {"instances_mb", fmt::format("{:.3f}", left.memory.mb())},
                                  {"compiled_mb", fmt::format("{:.3f}", left.compiled.mb())}}},
                        &run);
}

Answer clear_plugin(const ApiContext& context, PublishedData& data, Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const PluginView before, find_plugin(context, call));
  if (is_dry) return try_clear(context, data, call, before);
  M3U_CHECK(context.process.plugins().clear(before.name));
  M3U_TRY(const PluginView after, find_plugin(context, call));
  std::string text = plugin_json(after);
  M3U_CHECK(record(context, call,
                   {.action = "plugins.clear",
                    .target = before.name,
                    .before = plugin_json(before),
                    .after = text}));
  return json_answer(std::move(text));
}

}  // namespace

Result<> add_plugin_routes(Operations& operations, const ApiContext& context,
                           const std::shared_ptr<PublishedData>& data) {
  using enum http::Method;
  // Modules may have to be compiled first, which takes a second or two.
  const auto add = [&](http::Method method, std::string_view path, std::string id, Role least,
                       Operation work) {
    return operations.add(
        method, path,
        {.id = std::move(id), .least = least, .pace = Pace::kSlow, .has_dry_run = method == kPost},
        std::move(work));
  };
  M3U_CHECK(add(kGet, "/plugins", "listPlugins", Role::kViewer,
                [&context](Call&) { return list_plugins(context); }));
  M3U_CHECK(add(kPost, "/plugins/reload", "reloadPlugins", Role::kAdmin,
                [&context, data](Call& call) { return reload_plugins(context, *data, call); }));
  M3U_CHECK(add(kGet, "/plugins/{name}", "getPlugin", Role::kViewer,
                [&context](Call& call) { return get_plugin(context, call); }));
  return add(kPost, "/plugins/{name}/clear", "clearPlugin", Role::kAdmin,
             [&context, data](Call& call) { return clear_plugin(context, *data, call); });
}

}  // namespace m3u_proxy::api
