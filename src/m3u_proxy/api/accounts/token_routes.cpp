#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <m3u_proxy/api/accounts/account_routes.hpp>
#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/lineup/dry_run.hpp>
#include <m3u_proxy/api/planned_change.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/store/tokens.hpp>

namespace m3u_proxy::api {
namespace {

using Needed = Fields::Needed;
using store::AccessToken;

constexpr std::size_t kLongestName = 100;
constexpr std::size_t kMostTokens = 1000;
constexpr std::array<std::string_view, 3> kScopes = {"read", "edit", "admin"};

void write_token(Json& json, const AccessToken& token) {
  id_member(json, "id", token.id);
  json.member("name", std::string_view(token.name))
      .key("scopes")
      .raw(token.scopes.empty() ? "[]" : token.scopes);
  time_member(json, "created", token.created);
  time_member(json, "expires", token.expires);
  time_member(json, "last_used", token.last_used);
}

std::string token_json(const AccessToken& token) {
  std::string text;
  Json json(text);
  json.begin_object();
  write_token(json, token);
  json.end_object();
  return text;
}

Answer list_tokens(const ApiContext& context) {
  M3U_TRY(const auto all, context.store.tokens().list(store::TokenKind::kApi, std::nullopt));
  std::string text;
  Json json(text);
  json.begin_object().key("items").begin_array();
  for (const AccessToken& token : all) json.raw(token_json(token));
  json.end_array().key("next_cursor").null().member("total", all.size()).end_object();
  return json_answer(std::move(text));
}

std::string scopes_json(const std::vector<std::string>& scopes) {
  std::string list;
  Json json(list);
  json.begin_array();
  for (const std::string& scope : scopes) json.value(std::string_view(scope));
  json.end_array();
  return list;
}

/// The document's PlannedToken.
std::string planned_json(const AccessToken& token) {
  std::string text;
  Json json(text);
  json.begin_object()
      .member("name", std::string_view(token.name))
      .key("scopes")
      .raw(token.scopes.empty() ? "[]" : token.scopes);
  time_member(json, "expires", token.expires);
  json.end_object();
  return text;
}

Answer create_token(const ApiContext& context, Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  const auto name = fields.text("name", Needed::kYes, kLongestName);
  const auto scopes = fields.texts("scopes", Needed::kYes, kScopes.size());
  const auto expires = fields.time("expires", Needed::kNo);
  if (scopes && (scopes->empty() || !std::ranges::all_of(*scopes, [](const std::string& scope) {
                   return std::ranges::find(kScopes, scope) != kScopes.end();
                 })))
    fields.wrong("scopes", "invalid", "scopes are read, edit and admin, one of them at least");
  if (expires && *expires <= context.clock())
    fields.wrong("expires", "range", "expires has gone by already");
  M3U_CHECK(fields.finish());
  M3U_TRY(const auto all, context.store.tokens().list(store::TokenKind::kApi, std::nullopt));
  if (all.size() >= kMostTokens)
    return problem(409, fmt::format("there may be {} tokens at most", kMostTokens));
  AccessToken wanted{.kind = store::TokenKind::kApi,
                     .name = *name,
                     .user = call.principal.user,
                     .scopes = scopes_json(*scopes),
                     .expires = expires.value_or(store::Time())};
  if (is_dry) return planned_answer({.action = "create", .after = planned_json(wanted)});
  M3U_TRY(const std::string random, store::make_token());
  const std::string secret = std::string(kTokenPrefix) + random;
  M3U_TRY(wanted.hash, store::hash_token(secret));
  M3U_TRY(const AccessToken made, context.store.tokens().create(wanted, context.clock()));
  M3U_CHECK(
      record(context, call,
             {.action = "tokens.create", .target = to_string(made.id), .after = token_json(made)}));
  std::string text;
  Json json(text);
  json.begin_object();
  write_token(json, made);
  json.member("token", std::string_view(secret)).end_object();
  return json_answer(std::move(text), 201);
}

Answer erase_token(const ApiContext& context, Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const Uuid id, path_id(call.request));
  M3U_TRY(const auto all, context.store.tokens().list(store::TokenKind::kApi, std::nullopt));
  const auto found = std::ranges::find(all, id, &AccessToken::id);
  if (found == all.end()) return problem(404, "there is no such token");
  if (is_dry) return planned_answer({.action = "remove", .before = planned_json(*found)});
  M3U_CHECK(context.store.tokens().erase(id));
  M3U_CHECK(
      record(context, call,
             {.action = "tokens.remove", .target = to_string(id), .before = token_json(*found)}));
  return http::empty_response();
}

}  // namespace

Result<> add_token_routes(Operations& operations, const ApiContext& context) {
  using enum http::Method;
  M3U_CHECK(operations.add(kGet, "/tokens", {.id = "listTokens", .least = Role::kAdmin},
                           [&context](Call&) { return list_tokens(context); }));
  M3U_CHECK(operations.add(
      kPost, "/tokens",
      {.id = "createToken", .least = Role::kAdmin, .body_limit = kSmallBody, .has_dry_run = true},
      [&context](Call& call) { return create_token(context, call); }));
  return operations.add(kDelete, "/tokens/{id}",
                        {.id = "removeToken", .least = Role::kAdmin, .has_dry_run = true},
                        [&context](Call& call) { return erase_token(context, call); });
}

}  // namespace m3u_proxy::api
