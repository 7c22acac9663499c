#include <algorithm>

#include <m3u_proxy/api/entities/entity_secrets.hpp>
#include <m3u_proxy/api/entities/entity_view.hpp>
#include <m3u_proxy/base/url_text.hpp>
#include <m3u_proxy/catalog/addresses.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/http/target.hpp>
#include <m3u_proxy/jobs/account_state.hpp>

namespace m3u_proxy::api {
namespace {

using store::EntityKind;
using store::SnapshotState;

Result<> write_entity(Json& json, const store::Entity& entity, Role role) {
  M3U_TRY(ConfigNode config, config::parse_json(entity.body, entity.name));
  hide_secrets(config);
  if (role < Role::kEditor) hide_in_addresses(config);
  json.begin_object();
  id_member(json, "id", entity.id);
  json.member("name", std::string_view(entity.name))
      .member("position", entity.position)
      .member("revision", entity.revision)
      .member("managed_by", store::to_string(entity.managed_by));
  time_member(json, "created", entity.created);
  time_member(json, "updated", entity.updated);
  json.key("config").raw(config::to_json(config));
  return {};
}

bool is_running(const ApiContext& context, const Uuid& id) {
  const std::string target = to_string(id);
  return std::ranges::any_of(context.workers.running(),
                             [&](const jobs::RunningJob& one) { return one.job.target == target; });
}

const store::SourceSnapshot* quarantined(const std::vector<store::SourceSnapshot>& all) {
  const auto found =
      std::ranges::find(all, SnapshotState::kQuarantined, &store::SourceSnapshot::state);
  return found == all.end() ? nullptr : &*found;
}

std::string_view state_of(const ApiContext& context, const Uuid& source,
                          const std::vector<store::SourceSnapshot>& all,
                          const std::optional<store::FetchState>& fetches,
                          const std::optional<store::SourceSnapshot>& current) {
  if (is_running(context, source)) return "running";
  if (quarantined(all) != nullptr) return "quarantined";
  if (!current) return fetches ? "failed" : "never";
  return fetches && fetches->failures > 0 ? "stale" : "fresh";
}

Result<> write_source_status(Json& json, const ApiContext& context, const Uuid& id) {
  auto& snapshots = context.store.snapshots();
  M3U_TRY(const auto current, snapshots.current(id));
  M3U_TRY(const auto fetches, snapshots.fetch_state(id));
  M3U_TRY(const auto all, snapshots.list(id));
  json.key("status").begin_object().member("state", state_of(context, id, all, fetches, current));
  json.member("items", current ? current->items : 0).member("bytes", current ? current->bytes : 0);
  time_member(json, "fetched", current ? current->fetched : store::Time());
  time_member(json, "confirmed", current ? current->confirmed : store::Time());
  const auto model = context.conductor.model();
  const jobs::SourceEntry* const entry = model ? model->find_source(id) : nullptr;
  std::optional<store::Time> next;
  if (entry != nullptr) {
    M3U_TRY(next, context.conductor.next_refresh(*entry));
  }
  time_member(json, "next", next.value_or(store::Time()));
  json.member("failures", fetches ? fetches->failures : 0);
  text_or_null_member(json, "error",
                      fetches ? std::string_view(fetches->error) : std::string_view());
  json.key("quarantined");
  if (const auto* const waits = quarantined(all))
    json.begin_object()
        .member("items", waits->items)
        .member("replies", waits->equal_replies)
        .member("was", current ? current->items : 0)
        .end_object();
  else
    json.null();
  std::optional<channels::AccountStats> account;
  if (entry != nullptr) {
    M3U_TRY(account, jobs::account_of(context.store, *entry));
  }
  account_member(json, account);
  json.end_object();
  return {};
}

Result<> write_proxy_status(Json& json, const ApiContext& context, const Call& call,
                            const Uuid& id) {
  auto& generations = context.store.generations();
  M3U_TRY(const auto current, generations.current(id));
  M3U_TRY(const bool held, generations.is_held(id));
  M3U_TRY(const auto all, generations.list(id));
  json.key("status").begin_object().member("generation", current ? current->number : 0);
  time_member(json, "created", current ? current->created : store::Time());
  json.member("channels", current ? current->channels : 0)
      .member("programmes", current ? current->programmes : 0)
      .member("held", held)
      .member("candidates", std::ranges::count(all, store::GenerationState::kCandidate,
                                               &store::GenerationRow::state));
  const auto model = context.conductor.model();
  const jobs::ProxyEntry* const entry = model ? model->find_proxy(id) : nullptr;
  std::optional<OutputAddresses> addresses;
  // An address gives access to the proxy: viewers see those of public proxies only.
  if (entry != nullptr && (entry->config.is_public || call.principal.role >= Role::kEditor)) {
    M3U_TRY(const std::string door, context.output_door(*entry));
    addresses = output_addresses(call.base, door);
  }
  json.key("playlist_url");
  addresses ? json.value(std::string_view(addresses->playlist)) : json.null();
  json.key("guide_url");
  addresses ? json.value(std::string_view(addresses->guide)) : json.null();
  json.end_object();
  return {};
}

std::string target_name(const ApiContext& context, const store::Job& job) {
  const auto model = context.conductor.model();
  const auto id = parse_uuid(job.target);
  if (!model || !id) return {};
  if (const auto* const source = model->find_source(*id)) return source->config.name.name;
  if (const auto* const proxy = model->find_proxy(*id)) return proxy->config.name.name;
  return {};
}

}  // namespace

OutputAddresses output_addresses(const http::BaseAddress& base, std::string_view door) {
  const std::string start = http::to_string(base);
  const std::string encoded = percent_encoded(door);
  return {.playlist = catalog::proxy_address(start, encoded, catalog::kPlaylistName),
          .guide = catalog::proxy_address(start, encoded, catalog::kGuideName)};
}

Result<std::string> entity_json(const store::Entity& entity) {
  std::string text;
  Json json(text);
  // The store seals a source, as its written down channels may name accounts; this is not sealed.
  const bool is_sealed =
      entity.kind == EntityKind::kSource || entity.kind == EntityKind::kEpgSource;
  M3U_CHECK(write_entity(json, entity, is_sealed ? Role::kViewer : Role::kAdmin));
  json.end_object();
  return text;
}

Result<std::string> entity_json(const ApiContext& context, const Call& call,
                                const store::Entity& entity) {
  std::string text;
  Json json(text);
  M3U_CHECK(write_entity(json, entity, call.principal.role));
  if (entity.kind == EntityKind::kSource || entity.kind == EntityKind::kEpgSource)
    M3U_CHECK(write_source_status(json, context, entity.id));
  if (entity.kind == EntityKind::kProxy)
    M3U_CHECK(write_proxy_status(json, context, call, entity.id));
  json.end_object();
  return text;
}

void account_member(Json& json, const std::optional<channels::AccountStats>& account) {
  json.key("account");
  if (!account) {
    json.null();
    return;
  }
  json.begin_object().member("status", std::string_view(account->status));
  time_member(
      json, "expires",
      account->expires ? store::Time(std::chrono::seconds(*account->expires)) : store::Time());
  json.member("max_connections", account->max_connections)
      .member("active_connections", account->active_connections)
      .end_object();
}

void write_job(Json& json, const ApiContext& context, const store::Job& job) {
  json.begin_object();
  id_member(json, "id", job.id);
  json.member("kind", std::string_view(job.kind))
      .member("target", std::string_view(job.target))
      .member("target_name", std::string_view(target_name(context, job)))
      .member("state", store::to_string(job.state));
  time_member(json, "created", job.created);
  time_member(json, "started", job.started);
  time_member(json, "finished", job.finished);
  json.member("attempts", job.attempts);
  text_or_null_member(json, "error", job.error);
  json.key("progress").raw(job.progress.empty() ? "null" : job.progress);
  if (!job.report.empty()) json.key("report").raw(job.report);
  json.end_object();
}

}  // namespace m3u_proxy::api
