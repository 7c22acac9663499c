#include <chrono>

#include <fmt/format.h>

#include <m3u_proxy/api/entities/entity_check.hpp>
#include <m3u_proxy/api/lineup/preview_routes.hpp>
#include <m3u_proxy/api/lineup/previews.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/config/node_json.hpp>

namespace m3u_proxy::api {
namespace {

using Needed = Fields::Needed;
using Kind = ConfigNode::Kind;

constexpr std::uint64_t kBody = std::uint64_t{1} << 20U;
constexpr std::int64_t kMostItems = 1000;

/// The entities that a list of {name, config} puts in the place of those of the same names.
void read_drafts(Fields& fields, const ConfigNode& body, std::string_view list,
                 store::EntityKind kind, std::vector<EntityDraft>& drafts) {
  const ConfigMember* const member = body.find(list);
  if (!fields.list(list) || member == nullptr) return;
  for (const ConfigNode& item : member->value.items) {
    const ConfigMember* const name = item.find("name");
    const ConfigMember* const config = item.find("config");
    if (item.kind != Kind::kTable || name == nullptr || name->value.kind != Kind::kString ||
        config == nullptr || config->value.kind != Kind::kTable) {
      fields.wrong(list, "type", fmt::format("{} has to be a list of name and config", list));
      return;
    }
    const auto index = static_cast<std::size_t>(&item - member->value.items.data()) + 1;
    drafts.push_back({.kind = kind,
                      .name = name->value.text,
                      .config = config->value,
                      .place = fmt::format("{}[{}].", list, index)});
  }
}

/// What they would be, when nothing is wrong with them.
Outcome<std::vector<jobs::DraftEntity>> checked(const ApiContext& context,
                                                std::vector<EntityDraft> drafts) {
  std::vector<jobs::DraftEntity> out;
  for (EntityDraft& draft : drafts) {
    const auto stored = context.store.entities().find(draft.kind, draft.name);
    // A name that no database takes is refused below, with its place.
    if (!stored && stored.error().code != ErrorCode::kNotFound &&
        stored.error().code != ErrorCode::kInvalidArgument)
      return std::unexpected<Problem>(stored.error());
    if (stored) draft.id = stored->id;
    out.push_back({.kind = draft.kind,
                   .name = draft.name,
                   .body = config::to_json(draft.config),
                   .id = draft.id});
  }
  M3U_CHECK(check_drafts(context, drafts));
  return out;
}

Answer preview(const ApiContext& context, PublishedData& data, Call& call) {
  M3U_TRY(const Uuid id, path_id(call.request));
  const auto known = context.conductor.model();
  const jobs::ProxyEntry* const proxy = known ? known->find_proxy(id) : nullptr;
  if (proxy == nullptr) return problem(404, "there is no proxy of this id");
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  std::vector<EntityDraft> drafts;
  if (const ConfigNode* const config = fields.table("config", Needed::kNo))
    drafts.push_back({.kind = store::EntityKind::kProxy,
                      .name = proxy->config.name.name,
                      .config = *config,
                      .place = {}});
  read_drafts(fields, body, "filters", store::EntityKind::kFilter, drafts);
  read_drafts(fields, body, "rules", store::EntityKind::kRule, drafts);
  const std::int64_t limit = fields.integer("limit", Needed::kNo, 1, kMostItems).value_or(100);
  M3U_CHECK(fields.finish());
  M3U_TRY(const auto changes, checked(context, std::move(drafts)));
  M3U_TRY(const auto model, model_with(context, changes));
  const jobs::ProxyEntry* const changed = model->find_proxy(id);
  if (changed == nullptr) return problem(404, "there is no proxy of this id");
  const auto began = std::chrono::steady_clock::now();
  M3U_TRY(const ProxyPreview found,
          preview_proxy(context, data, *model, *changed,
                        {.limit = static_cast<std::size_t>(limit), .role = call.principal.role},
                        call.gone));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::string text;
  Json json(text);
  json.begin_object()
      .member("channels_before", found.before)
      .member("channels", found.channels)
      .member("added", found.added)
      .member("removed", found.removed)
      .member("changed", found.changed)
      .key("items")
      .raw(found.items)
      .member("seconds", took.count())
      .end_object();
  return json_answer(std::move(text));
}

}  // namespace

Result<> add_preview_routes(Operations& operations, const ApiContext& context,
                            const std::shared_ptr<PublishedData>& data) {
  return operations.add(
      http::Method::kPost, "/proxies/{id}/preview",
      {.id = "previewProxy", .least = Role::kEditor, .body_limit = kBody, .pace = Pace::kSlow},
      [&context, data](Call& call) { return preview(context, *data, call); });
}

}  // namespace m3u_proxy::api
