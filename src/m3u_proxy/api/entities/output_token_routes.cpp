#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/entities/entity_routes.hpp>
#include <m3u_proxy/api/entities/entity_view.hpp>
#include <m3u_proxy/api/entities/output_tokens.hpp>
#include <m3u_proxy/api/entities/proxy_routes.hpp>
#include <m3u_proxy/api/lineup/dry_run.hpp>
#include <m3u_proxy/api/planned_change.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/store/tokens.hpp>

namespace m3u_proxy::api {
namespace {

using store::AccessToken;
using store::Entity;

constexpr std::size_t kLongestName = 100;
constexpr std::size_t kMostTokens = 1000;
constexpr std::string_view kOnlyAddresses =
    "its channels stay as they are; only who may fetch them, and where, would be another";

class OutputTokenHandlers {
 public:
  OutputTokenHandlers(const ApiContext& context, std::shared_ptr<PublishedData> data)
      : context_(context), data_(std::move(data)) {}

  Answer list(Call& call);
  Answer create(Call& call);
  Answer rotate(Call& call);
  Answer erase(Call& call);

 private:
  Outcome<Entity> proxy(const Call& call) const {
    return find_entity(context_, call, store::EntityKind::kProxy);
  }
  Outcome<AccessToken> find(const Call& call, const Entity& entity) const;
  /// Whether it is the proxy's own.
  Result<bool> is_own(const AccessToken& token, const Entity& entity) const;
  Answer made(const Call& call, const AccessToken& token, const std::string& secret) const;
  /// One with the name, user and end of `wanted`.
  Outcome<AccessToken> make(const Entity& entity, AccessToken wanted, std::string& secret) const;
  /// Who is no administrator changes their own and nobody's. Problem: 403.
  static Outcome<void> check_owner(const Call& call, const std::optional<Uuid>& user);
  /// Whose token it is to be; nullopt: nobody's, it is the proxy's.
  Outcome<std::optional<Uuid>> user_of(const Call& call,
                                       const std::optional<std::string>& id) const;
  Answer planned(const Call& call, const Entity& entity, const PlannedChange& change) const;

  const ApiContext& context_;
  std::shared_ptr<PublishedData> data_;
};

void write_token(Json& json, const AccessToken& token) {
  id_member(json, "id", token.id);
  json.member("name", std::string_view(token.name));
  time_member(json, "created", token.created);
  time_member(json, "expires", token.expires);
  json.key("user");
  if (token.user)
    json.value(std::string_view(to_string(*token.user)));
  else
    json.null();
}

/// The document's PlannedOutputToken.
std::string planned_json(const AccessToken& token) {
  std::string text;
  Json json(text);
  json.begin_object().member("name", std::string_view(token.name));
  time_member(json, "expires", token.expires);
  json.key("user");
  token.user ? json.value(std::string_view(to_string(*token.user))) : json.null();
  json.end_object();
  return text;
}

/// What the audit log says of one.
std::string audit_json(const Entity& proxy, const AccessToken& token) {
  std::string text;
  Json json(text);
  json.begin_object();
  write_token(json, token);
  json.key("proxy").begin_object();
  id_member(json, "id", proxy.id);
  json.member("name", std::string_view(proxy.name)).end_object().end_object();
  return text;
}

Result<bool> OutputTokenHandlers::is_own(const AccessToken& token, const Entity& entity) const {
  M3U_TRY(const auto own, find_output_token(context_.store, context_.key, entity.id));
  if (!own) return false;
  M3U_TRY(const std::string hash, store::hash_token(*own));
  return token.hash == hash;
}

Outcome<AccessToken> OutputTokenHandlers::find(const Call& call, const Entity& entity) const {
  M3U_TRY(const Uuid id, path_id(call.request, "token"));
  M3U_TRY(const auto all, context_.store.tokens().list(store::TokenKind::kOutput, entity.id));
  const auto found = std::ranges::find(all, id, &AccessToken::id);
  if (found == all.end()) return problem(404, "there is no such token");
  return *found;
}

Answer OutputTokenHandlers::list(Call& call) {
  M3U_TRY(const Entity entity, proxy(call));
  M3U_TRY(const auto all, context_.store.tokens().list(store::TokenKind::kOutput, entity.id));
  std::string text;
  Json json(text);
  json.begin_object().key("items").begin_array();
  for (const AccessToken& token : all) {
    json.begin_object();
    write_token(json, token);
    json.end_object();
  }
  json.end_array().key("next_cursor").null().member("total", all.size()).end_object();
  return json_answer(std::move(text));
}

Answer OutputTokenHandlers::made(const Call& call, const AccessToken& token,
                                 const std::string& secret) const {
  const OutputAddresses addresses = output_addresses(call.base, secret);
  std::string text;
  Json json(text);
  json.begin_object();
  write_token(json, token);
  json.member("token", std::string_view(secret))
      .member("playlist_url", std::string_view(addresses.playlist))
      .member("guide_url", std::string_view(addresses.guide))
      .end_object();
  return json_answer(std::move(text), 201);
}

Outcome<AccessToken> OutputTokenHandlers::make(const Entity& entity, AccessToken wanted,
                                               std::string& secret) const {
  M3U_TRY(secret, store::make_token());
  M3U_TRY(wanted.hash, store::hash_token(secret));
  wanted.kind = store::TokenKind::kOutput;
  wanted.proxy = entity.id;
  wanted.scopes = "[]";
  M3U_TRY(auto token, context_.store.tokens().create(wanted, context_.clock()));
  return token;
}

Outcome<void> OutputTokenHandlers::check_owner(const Call& call, const std::optional<Uuid>& user) {
  if (!user || call.principal.user == *user || call.principal.role >= Role::kAdmin) return {};
  return problem(403, "this token is somebody else's",
                 "they rotate and remove it themselves, or an administrator does");
}

Outcome<std::optional<Uuid>> OutputTokenHandlers::user_of(
    const Call& call, const std::optional<std::string>& id) const {
  if (!id) return std::nullopt;
  const auto user = parse_uuid(*id);
  const bool is_own = user && call.principal.user == *user;
  if (!is_own && call.principal.role < Role::kAdmin)
    return problem(403, "only administrators make tokens for others", "leave user out, or be it");
  M3U_TRY(const auto found, user ? context_.store.users().find(*user)
                                 : Result<std::optional<store::User>>(std::nullopt));
  if (!found) return field_problem("user", "unknown", "there is no such user");
  return std::optional(found->id);
}

Answer OutputTokenHandlers::planned(const Call& call, const Entity& entity,
                                    const PlannedChange& change) const {
  DryRun run(context_, *data_, call);
  M3U_CHECK(run.mention(entity.id, entity.name, kOnlyAddresses));
  return planned_answer(change, &run);
}

Answer OutputTokenHandlers::create(Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const Entity entity, proxy(call));
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  const auto name = fields.text("name", Fields::Needed::kYes, kLongestName);
  const auto expires = fields.time("expires", Fields::Needed::kNo);
  const auto user_id = fields.text("user", Fields::Needed::kNo, kLongestName);
  if (expires && *expires <= context_.clock())
    fields.wrong("expires", "range", "expires has gone by already");
  M3U_CHECK(fields.finish());
  M3U_TRY(const auto all, context_.store.tokens().list(store::TokenKind::kOutput, entity.id));
  if (all.size() >= kMostTokens)
    return problem(409, fmt::format("a proxy has {} tokens at most", kMostTokens));
  std::string secret;
  M3U_TRY(const auto user, user_of(call, user_id));
  const AccessToken wanted{.name = *name, .user = user, .expires = expires.value_or(store::Time())};
  if (is_dry) return planned(call, entity, {.action = "create", .after = planned_json(wanted)});
  M3U_TRY(const AccessToken token, make(entity, wanted, secret));
  M3U_CHECK(record(context_, call,
                   {.action = "output-tokens.create",
                    .target = to_string(token.id),
                    .after = audit_json(entity, token)}));
  return made(call, token, secret);
}

Answer OutputTokenHandlers::rotate(Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const Entity entity, proxy(call));
  M3U_TRY(const AccessToken old, find(call, entity));
  M3U_CHECK(check_owner(call, old.user));
  if (is_dry)
    return planned(call, entity,
                   {.action = "change", .before = planned_json(old), .after = planned_json(old)});
  M3U_TRY(const bool is_proxys, is_own(old, entity));
  std::string secret;
  AccessToken token;
  if (is_proxys) {
    M3U_TRY(secret, rotate_output_token(context_.store, context_.key, entity.id, context_.clock()));
    M3U_TRY(const std::string hash, store::hash_token(secret));
    M3U_TRY(const auto found, context_.store.tokens().find(hash, context_.clock()));
    if (!found) return problem(409, "it was changed by somebody else in the meantime");
    token = *found;
  } else {
    M3U_TRY(token, make(entity, old, secret));
    M3U_CHECK(context_.store.tokens().erase(old.id));
  }
  M3U_CHECK(record(context_, call,
                   {.action = "output-tokens.rotate",
                    .target = to_string(old.id),
                    .before = audit_json(entity, old),
                    .after = audit_json(entity, token)}));
  return made(call, token, secret);
}

Answer OutputTokenHandlers::erase(Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const Entity entity, proxy(call));
  M3U_TRY(const AccessToken token, find(call, entity));
  M3U_CHECK(check_owner(call, token.user));
  M3U_TRY(const bool is_proxys, is_own(token, entity));
  if (is_proxys) return problem(409, "this is the proxy's own token", "rotate it instead");
  if (is_dry) return planned(call, entity, {.action = "remove", .before = planned_json(token)});
  M3U_CHECK(context_.store.tokens().erase(token.id));
  M3U_CHECK(record(context_, call,
                   {.action = "output-tokens.remove",
                    .target = to_string(token.id),
                    .before = audit_json(entity, token)}));
  return http::empty_response();
}

}  // namespace

Result<> add_output_token_routes(Operations& operations, const ApiContext& context,
                                 const std::shared_ptr<PublishedData>& data) {
  const auto handlers = std::make_shared<OutputTokenHandlers>(context, data);
  using Work = Answer (OutputTokenHandlers::*)(Call&);
  const auto add = [&](http::Method method, std::string_view rest, std::string_view id, Role least,
                       std::uint64_t body, Work work) {
    return operations.add(method, fmt::format("/proxies/{{id}}/tokens{}", rest),
                          {.id = std::string(id),
                           .least = least,
                           .body_limit = body,
                           .has_dry_run = method != http::Method::kGet},
                          [handlers, work, &context, method](Call& call) {
                            Answer answer = ((*handlers).*work)(call);
                            // An address may be used as soon as it is known.
                            if (answer && method != http::Method::kGet) context.publish();
                            return answer;
                          });
  };
  using enum http::Method;
  M3U_CHECK(add(kGet, "", "listOutputTokens", Role::kViewer, 0, &OutputTokenHandlers::list));
  M3U_CHECK(
      add(kPost, "", "createOutputToken", Role::kEditor, kSmallBody, &OutputTokenHandlers::create));
  M3U_CHECK(add(kPost, "/{token}/rotate", "rotateOutputToken", Role::kEditor, 0,
                &OutputTokenHandlers::rotate));
  return add(kDelete, "/{token}", "removeOutputToken", Role::kEditor, 0,
             &OutputTokenHandlers::erase);
}

}  // namespace m3u_proxy::api
