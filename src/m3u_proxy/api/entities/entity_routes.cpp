#include <algorithm>

#include <fmt/format.h>
#include <xxhash.h>

#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/entities/checked_change.hpp>
#include <m3u_proxy/api/entities/entity_check.hpp>
#include <m3u_proxy/api/entities/entity_impact.hpp>
#include <m3u_proxy/api/entities/entity_kinds.hpp>
#include <m3u_proxy/api/entities/entity_routes.hpp>
#include <m3u_proxy/api/entities/entity_secrets.hpp>
#include <m3u_proxy/api/entities/entity_view.hpp>
#include <m3u_proxy/api/entities/renaming.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/http/target.hpp>

namespace m3u_proxy::api {
namespace {

using Needed = Fields::Needed;
using store::CheckedAt;
using store::Entity;
using store::EntityKind;

constexpr std::uint64_t kBody = std::uint64_t{256} << 10U;
constexpr std::size_t kMostOrdered = 10'000;
constexpr std::uint64_t kOrderRevisions = 1'000'000'000'000'000'000;  // 18 digits, as tags have

class EntityHandlers {
 public:
  EntityHandlers(const ApiContext& context, const EntityKindName& kind,
                 std::shared_ptr<PublishedData> data)
      : context_(context), kind_(kind), data_(std::move(data)) {}

  Answer list(Call& call);
  Answer get(Call& call);
  /// Changes, checked at a revision of the store; without one only a dry run.
  using Change = Answer (EntityHandlers::*)(Call&, CheckedAt);
  Answer change(Call& call, Change work);
  Answer create(Call& call, CheckedAt checked);
  Answer put(Call& call, CheckedAt checked);
  Answer erase(Call& call, CheckedAt checked);
  Answer reorder(Call& call, CheckedAt checked);

 private:
  Outcome<EntityDraft> draft_of(const Call& call, const std::optional<Entity>& stored);
  Answer shown(const Call& call, const Entity& entity, int status = 200);
  std::unexpected<Problem> not_written(const Call& call, const Entity& before, const Error& error);
  Answer dry_answer(const Call& call, const jobs::DraftEntity& draft,
                    std::span<const Follower> followers = {});
  Answer dry_order(const Call& call, std::vector<Uuid> known, std::vector<Uuid> ids);
  [[nodiscard]] std::string action(std::string_view what) const {
    return fmt::format("{}.{}", kind_.path, what);
  }

  const ApiContext& context_;
  EntityKindName kind_;
  std::shared_ptr<PublishedData> data_;
};

jobs::DraftEntity to_draft(const EntityDraft& draft) {
  return {.kind = draft.kind,
          .name = draft.name,
          .body = config::to_json(draft.config),
          .id = draft.id};
}

std::vector<Uuid> ids_of(const std::vector<Entity>& entities) {
  std::vector<Uuid> ids;
  for (const Entity& entity : entities) ids.push_back(entity.id);
  return ids;
}

/// What stands for the revision of an order: another one has another.
std::int64_t order_revision(const std::vector<Uuid>& ids) {
  std::string text;
  for (const Uuid& id : ids) text += to_string(id);
  return static_cast<std::int64_t>(XXH3_64bits(text.data(), text.size()) % kOrderRevisions);
}

std::string ids_json(const std::vector<Uuid>& ids) {
  std::string text;
  Json json(text);
  json.begin_object().key("ids").begin_array();
  for (const Uuid& id : ids) json.value(std::string_view(to_string(id)));
  json.end_array().end_object();
  return text;
}

Outcome<void> refuse_if_managed(const Entity& entity) {
  if (entity.managed_by != store::ManagedBy::kFile) return {};
  return problem(409, fmt::format("\"{}\" is managed by the configuration file", entity.name),
                 "change it there");
}

/// What is shown as `***` and cannot be put back would be taken for the secret itself.
Outcome<void> nothing_hidden(const std::vector<std::string>& fields) {
  std::vector<FieldProblem> problems;
  for (const std::string& field : fields)
    problems.push_back({.field = field,
                        .code = "hidden",
                        .message = fmt::format("{} still has *** in the place of a secret", field),
                        .hint = "write it anew: what is kept goes to the server that it is for"});
  if (!problems.empty()) return std::unexpected<Problem>(Problem(std::move(problems)));
  return {};
}

/// Nothing of ours is half of a name; a name that shows as something else confuses.
bool is_good_name(std::string_view name) {
  return std::ranges::none_of(name, [](char c) { return static_cast<unsigned char>(c) < 32; });
}

Answer EntityHandlers::shown(const Call& call, const Entity& entity, int status) {
  M3U_TRY(std::string text, entity_json(context_, call, entity));
  http::Response response = json_answer(std::move(text), status);
  response.add("ETag", etag_of(entity.revision));
  if (status == 201)
    response.add("Location", fmt::format("{}{}/{}/{}", call.base.prefix, kApiPrefix, kind_.path,
                                         to_string(entity.id)));
  return response;
}

Answer EntityHandlers::list(Call& call) {
  M3U_TRY(const auto entities, context_.store.entities().list(kind_.kind));
  std::string text;
  Json json(text);
  json.begin_object().key("items").begin_array();
  for (const Entity& entity : entities) {
    M3U_TRY(const std::string one, entity_json(context_, call, entity));
    json.raw(one);
  }
  json.end_array().key("next_cursor").null().member("total", entities.size()).end_object();
  http::Response response = json_answer(std::move(text));
  response.add("ETag", etag_of(order_revision(ids_of(entities))));
  return response;
}

Outcome<EntityDraft> EntityHandlers::draft_of(const Call& call,
                                              const std::optional<Entity>& stored) {
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  EntityDraft draft{.kind = kind_.kind};
  auto name = fields.text("name", Needed::kYes, store::Entities::kLongestName);
  const ConfigNode* const config = fields.table("config", Needed::kYes);
  if (name && !is_good_name(*name))
    fields.wrong("name", "invalid", "a name is one line without control characters");
  M3U_CHECK(fields.finish());
  draft.name = *std::move(name);
  draft.config = *config;
  for (const std::string_view own : {"name", "id"})
    if (config->find(own) != nullptr)
      return field_problem(fmt::format("config.{}", own), "unknown",
                           fmt::format("{} belongs beside config, not in it", own));
  if (stored) {
    draft.id = stored->id;
    M3U_TRY(const ConfigNode before, config::parse_json(stored->body, stored->name));
    M3U_CHECK(nothing_hidden(restore_secrets(draft.config, before)));
  }
  M3U_CHECK(check_draft(context_, draft));
  return draft;
}

Answer EntityHandlers::dry_answer(const Call& call, const jobs::DraftEntity& draft,
                                  std::span<const Follower> followers) {
  std::vector<jobs::DraftEntity> proxies;
  for (const auto& [proxy, body] : followers)
    proxies.push_back({.kind = proxy.kind, .name = proxy.name, .body = body, .id = proxy.id});
  DryRun run(context_, *data_, call);
  M3U_CHECK(look_at_change(run, context_, draft, proxies));
  return run.answer();
}

Answer EntityHandlers::change(Call& call, Change work) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  if (is_dry) return (this->*work)(call, std::nullopt);
  return check_and_change(context_.store,
                          [&](std::int64_t revision) { return (this->*work)(call, revision); });
}

Answer EntityHandlers::create(Call& call, CheckedAt checked) {
  M3U_TRY(const EntityDraft draft, draft_of(call, std::nullopt));
  if (!checked) return dry_answer(call, to_draft(draft));
  M3U_TRY(const Entity made,
          context_.store.entities().create({.kind = kind_.kind,
                                            .name = draft.name,
                                            .body = config::to_json(draft.config),
                                            .checked = checked},
                                           context_.clock()));
  M3U_TRY(std::string after, entity_json(made));
  M3U_CHECK(record(
      context_, call,
      {.action = action("create"), .target = to_string(made.id), .after = std::move(after)}));
  return shown(call, made, 201);
}

Answer EntityHandlers::get(Call& call) {
  M3U_TRY(const Entity entity, find_entity(context_, call, kind_.kind));
  return shown(call, entity);
}

Answer EntityHandlers::put(Call& call, CheckedAt checked) {
  M3U_TRY(const Entity before, find_entity(context_, call, kind_.kind));
  M3U_CHECK(refuse_if_managed(before));
  M3U_CHECK(check_revision(call.request, before.revision));
  M3U_TRY(const EntityDraft draft, draft_of(call, before));
  M3U_TRY(const auto followers, followers_of(context_.store, before, draft.name));
  if (!checked) return dry_answer(call, to_draft(draft), followers);
  const std::string body = config::to_json(draft.config);
  const auto now =
      followers.empty()
          ? context_.store.entities().put(before.id,
                                          {.name = draft.name, .body = body, .checked = checked},
                                          before.revision, context_.clock())
          : put_with_followers(
                context_.store,
                {.kind = kind_.kind, .name = draft.name, .body = body, .id = before.id}, followers,
                checked, context_.clock());
  if (!now) return not_written(call, before, now.error());
  M3U_TRY(std::string was, entity_json(before));
  M3U_TRY(std::string is, entity_json(*now));
  M3U_CHECK(record(context_, call,
                   {.action = action("change"),
                    .target = to_string(before.id),
                    .before = std::move(was),
                    .after = std::move(is)}));
  M3U_CHECK(record_followers(context_, call, followers));
  return shown(call, *now);
}

/// Of two changes to the same revision the second is told what a later one would be.
std::unexpected<Problem> EntityHandlers::not_written(const Call& call, const Entity& before,
                                                     const Error& error) {
  if (error.code == ErrorCode::kConflict) {
    const auto now = context_.store.entities().get(before.id);
    if (now)
      if (auto late = check_revision(call.request, now->revision); !late)
        return std::unexpected<Problem>(std::move(late).error());
  }
  return std::unexpected<Problem>(error);
}

Answer EntityHandlers::erase(Call& call, CheckedAt checked) {
  M3U_TRY(const Entity before, find_entity(context_, call, kind_.kind));
  M3U_CHECK(refuse_if_managed(before));
  M3U_CHECK(check_revision(call.request, before.revision));
  M3U_CHECK(check_removal(context_, before.id));
  if (!checked)
    return dry_answer(
        call,
        {.kind = kind_.kind, .name = before.name, .body = {}, .id = before.id, .is_gone = true});
  if (const auto gone = context_.store.entities().erase(before.id, before.revision, checked); !gone)
    return not_written(call, before, gone.error());
  M3U_TRY(std::string was, entity_json(before));
  M3U_CHECK(record(
      context_, call,
      {.action = action("remove"), .target = to_string(before.id), .before = std::move(was)}));
  return http::empty_response();
}

/// Proxies name what they are made of in an order of their own, so nothing is published otherwise.
Answer EntityHandlers::dry_order(const Call& call, std::vector<Uuid> known, std::vector<Uuid> ids) {
  std::ranges::sort(known);
  std::ranges::sort(ids);
  if (known != ids) return problem(409, "the order does not name exactly those that there are");
  return DryRun(context_, *data_, call).answer();
}

Answer EntityHandlers::reorder(Call& call, CheckedAt checked) {
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  const auto ids = fields.ids("ids", Needed::kYes, kMostOrdered);
  M3U_CHECK(fields.finish());
  store::Entities& entities = context_.store.entities();
  M3U_TRY(const auto listed, entities.list(kind_.kind));
  const std::vector<Uuid> before = ids_of(listed);
  M3U_CHECK(check_revision(call.request, order_revision(before)));
  if (!checked) return dry_order(call, before, *ids);
  M3U_CHECK(entities.reorder(kind_.kind, *ids, checked));
  M3U_CHECK(
      record(context_, call,
             {.action = action("order"), .before = ids_json(before), .after = ids_json(*ids)}));
  http::Response response = http::empty_response();
  response.add("ETag", etag_of(order_revision(*ids)));
  return response;
}

}  // namespace

Outcome<store::Entity> find_entity(const ApiContext& context, const Call& call, EntityKind kind) {
  M3U_TRY(const Uuid id, path_id(call.request));
  auto entity = context.store.entities().get(id);
  if (entity && entity->kind == kind) return *std::move(entity);
  if (!entity && entity.error().code != ErrorCode::kNotFound)
    return std::unexpected<Problem>(entity.error());
  return problem(404, "there is nothing of this id");
}

Result<> add_entity_routes(Operations& operations, const ApiContext& context,
                           const std::shared_ptr<PublishedData>& data) {
  using enum http::Method;
  for (const EntityKindName& kind : kEntityKinds) {
    const auto handlers = std::make_shared<EntityHandlers>(context, kind, data);
    const auto path = [&](std::string_view rest) { return fmt::format("/{}{}", kind.path, rest); };
    const auto see = [&](std::string_view rest, std::string id,
                         Answer (EntityHandlers::*work)(Call&)) {
      return operations.add(kGet, path(rest), {.id = std::move(id), .least = Role::kViewer},
                            [handlers, work](Call& call) { return ((*handlers).*work)(call); });
    };
    const auto change = [&](http::Method method, std::string_view rest, std::string id,
                            std::uint64_t body, EntityHandlers::Change work) {
      return operations.add(method, path(rest),
                            {.id = std::move(id),
                             .least = Role::kEditor,
                             .body_limit = body,
                             .pace = Pace::kInTurn,
                             .has_dry_run = true},
                            [handlers, work](Call& call) { return handlers->change(call, work); });
    };
    M3U_CHECK(see("", fmt::format("list{}", kind.many), &EntityHandlers::list));
    M3U_CHECK(change(kPost, "", fmt::format("create{}", kind.one), kBody, &EntityHandlers::create));
    M3U_CHECK(see("/{id}", fmt::format("get{}", kind.one), &EntityHandlers::get));
    M3U_CHECK(change(kPut, "/{id}", fmt::format("put{}", kind.one), kBody, &EntityHandlers::put));
    M3U_CHECK(
        change(kDelete, "/{id}", fmt::format("remove{}", kind.one), 0, &EntityHandlers::erase));
    M3U_CHECK(change(kPut, "/order", fmt::format("order{}", kind.many), kBody * 4,
                     &EntityHandlers::reorder));
  }
  return {};
}

}  // namespace m3u_proxy::api
