#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/api/accounts/account_routes.hpp>
#include <m3u_proxy/api/accounts/new_password.hpp>
#include <m3u_proxy/api/accounts/user_json.hpp>
#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/lineup/dry_run.hpp>
#include <m3u_proxy/api/planned_change.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/store/tokens.hpp>

namespace m3u_proxy::api {
namespace {

using Needed = Fields::Needed;
using store::User;

constexpr std::size_t kLongestName = 100;
/// In the place of a hash: no password is hashed so.
constexpr std::string_view kTried = "tried";

class UserHandlers {
 public:
  explicit UserHandlers(const SessionContext& context) : context_(context) {}

  Answer list(Call& call);
  Answer create(Call& call);
  Answer get(Call& call);
  Answer put(Call& call);
  Answer erase(Call& call);

 private:
  Outcome<User> find(const Call& call);
  /// The body, over what is there. A password that is only tried has no hash.
  Outcome<User> read(const Call& call, User user, bool is_dry);
  /// One who can let others in has to stay.
  Outcome<void> check_an_admin_stays(const Uuid& without);
  /// What the store would say of another user of that name.
  Outcome<void> check_name(const User& user);
  /// API tokens, and output tokens, that are a user's.
  Result<std::size_t> tokens_of(const Uuid& user);
  /// What somebody can no longer come in by.
  Result<std::string> ends(const User& before, const User* after);
  Answer shown(const Call& call, const User& user, int status = 200);
  store::Users& users() { return context_.api.store.users(); }

  SessionContext context_;
};

Outcome<User> UserHandlers::find(const Call& call) {
  M3U_TRY(const Uuid id, path_id(call.request));
  M3U_TRY(auto user, users().find(id));
  if (!user) return problem(404, "there is no such user");
  return *std::move(user);
}

/// The document's PlannedUser.
std::string planned_json(const User& user) {
  std::string text;
  Json json(text);
  json.begin_object()
      .member("name", std::string_view(user.name))
      .member("role", std::string_view(user.role))
      .member("disabled", user.disabled)
      .member("has_password", !user.password_hash.empty())
      .end_object();
  return text;
}

/// What the audit log says of a user after a change. Of a password there is nothing else to see.
std::string changed_json(const User& before, const User& now) {
  std::string text = user_json(now);
  if (now.password_hash != before.password_hash)
    text.insert(text.size() - 1, R"(,"password_changed":true)");
  return text;
}

Answer UserHandlers::shown(const Call& call, const User& user, int status) {
  http::Response response = json_answer(user_json(user), status);
  response.add("ETag", etag_of(user.revision));
  if (status == 201)
    response.add("Location",
                 fmt::format("{}{}/users/{}", call.base.prefix, kApiPrefix, to_string(user.id)));
  return response;
}

Answer UserHandlers::list(Call& /*call*/) {
  M3U_TRY(const auto all, users().list());
  std::string text;
  Json json(text);
  json.begin_object().key("items").begin_array();
  for (const User& user : all) json.raw(user_json(user));
  json.end_array().key("next_cursor").null().member("total", all.size()).end_object();
  return json_answer(std::move(text));
}

Outcome<User> UserHandlers::read(const Call& call, User user, bool is_dry) {
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  const auto name = fields.text("name", Needed::kYes, kLongestName);
  const auto role = fields.text("role", Needed::kYes, kLongestName);
  const auto password = new_password(fields, "password", Needed::kNo);
  const auto disabled = fields.flag("disabled", Needed::kNo);
  if (role && !role_of(*role)) fields.wrong("role", "invalid", "role is viewer, editor or admin");
  M3U_CHECK(fields.finish());
  user.name = *name;
  user.role = *role;
  user.disabled = disabled.value_or(false);
  if (password && is_dry) {
    user.password_hash = kTried;
  } else if (password) {
    M3U_TRY(user.password_hash, context_.passwords.hash(*password));
  }
  return user;
}

Outcome<void> UserHandlers::check_name(const User& user) {
  M3U_TRY(const auto other, users().find(user.name));
  if (other && other->id != user.id)
    return problem(409, fmt::format("there is a user \"{}\" already", user.name));
  return {};
}

Result<std::size_t> UserHandlers::tokens_of(const Uuid& user) {
  store::Store& store = context_.api.store;
  std::size_t count = 0;
  const auto add = [&](store::TokenKind kind, const std::optional<Uuid>& proxy) -> Result<> {
    M3U_TRY(const auto all, store.tokens().list(kind, proxy));
    count += static_cast<std::size_t>(std::ranges::count_if(
        all, [&](const store::AccessToken& token) { return token.user == user; }));
    return {};
  };
  M3U_CHECK(add(store::TokenKind::kApi, std::nullopt));
  M3U_TRY(const auto proxies, store.entities().list(store::EntityKind::kProxy));
  for (const store::Entity& proxy : proxies) M3U_CHECK(add(store::TokenKind::kOutput, proxy.id));
  return count;
}

Result<std::string> UserHandlers::ends(const User& before, const User* after) {
  const bool is_shut_out = after == nullptr || (after->disabled && !before.disabled);
  const bool is_changed = !is_shut_out && (after->disabled || after->role != before.role ||
                                           after->password_hash != before.password_hash);
  M3U_TRY(const std::size_t tokens,
          is_shut_out ? tokens_of(before.id) : Result<std::size_t>(std::size_t{0}));
  return fmt::format(R"({{"sessions":{},"tokens":{}}})", is_shut_out || is_changed, tokens);
}

Outcome<void> UserHandlers::check_an_admin_stays(const Uuid& without) {
  M3U_TRY(const auto all, users().list());
  const bool stays = std::ranges::any_of(all, [&](const User& user) {
    return user.id != without && user.role == "admin" && !user.disabled;
  });
  if (stays) return {};
  return problem(409, "nobody would be an administrator then", "make another one first");
}

Answer UserHandlers::create(Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const User wanted, read(call, {}, is_dry));
  if (is_dry) {
    M3U_CHECK(check_name(wanted));
    return planned_answer({.action = "create", .after = planned_json(wanted)});
  }
  M3U_TRY(const User made, users().create(wanted, context_.api.clock()));
  M3U_CHECK(
      record(context_.api, call,
             {.action = "users.create", .target = to_string(made.id), .after = user_json(made)}));
  return shown(call, made, 201);
}

Answer UserHandlers::get(Call& call) {
  M3U_TRY(const User user, find(call));
  return shown(call, user);
}

Answer UserHandlers::put(Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const User before, find(call));
  M3U_CHECK(check_revision(call.request, before.revision));
  M3U_TRY(const User wanted, read(call, before, is_dry));
  if (wanted.role != "admin" || wanted.disabled) M3U_CHECK(check_an_admin_stays(before.id));
  if (is_dry) {
    M3U_CHECK(check_name(wanted));
    M3U_TRY(std::string ended, ends(before, &wanted));
    return planned_answer({.action = "change",
                           .before = planned_json(before),
                           .after = planned_json(wanted),
                           .more = {{"ends", std::move(ended)}}});
  }
  const auto changed = users().put(wanted, context_.api.clock());
  if (!changed) {
    const auto other = users().find(before.id);
    // Of two changes to the same revision the second is told what a later one would be.
    if (other && *other) M3U_CHECK(check_revision(call.request, (*other)->revision));
    return std::unexpected<Problem>(changed.error());
  }
  const User& now = *changed;
  // What they may do now holds from the next login on at the latest.
  if (wanted.role != before.role) M3U_CHECK(users().end_sessions_of(before.id));
  M3U_CHECK(record(context_.api, call,
                   {.action = "users.change",
                    .target = to_string(before.id),
                    .before = user_json(before),
                    .after = changed_json(before, now)}));
  return shown(call, now);
}

Answer UserHandlers::erase(Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const User before, find(call));
  M3U_CHECK(check_revision(call.request, before.revision));
  M3U_CHECK(check_an_admin_stays(before.id));
  if (is_dry) {
    M3U_TRY(std::string ended, ends(before, nullptr));
    return planned_answer(
        {.action = "remove", .before = planned_json(before), .more = {{"ends", std::move(ended)}}});
  }
  M3U_CHECK(users().erase(before.id));
  M3U_CHECK(record(
      context_.api, call,
      {.action = "users.remove", .target = to_string(before.id), .before = user_json(before)}));
  return http::empty_response();
}

}  // namespace

Result<> add_user_routes(Operations& operations, const SessionContext& context) {
  const auto handlers = std::make_shared<UserHandlers>(context);
  using Work = Answer (UserHandlers::*)(Call&);
  const auto add = [&](http::Method method, std::string_view path, std::string_view id,
                       std::uint64_t body, Work work) {
    return operations.add(method, path,
                          {.id = std::string(id),
                           .least = Role::kAdmin,
                           .body_limit = body,
                           .pace = body == 0 ? Pace::kQuick : Pace::kSlow,
                           .has_dry_run = method != http::Method::kGet},
                          [handlers, work](Call& call) { return ((*handlers).*work)(call); });
  };
  using enum http::Method;
  M3U_CHECK(add(kGet, "/users", "listUsers", 0, &UserHandlers::list));
  M3U_CHECK(add(kPost, "/users", "createUser", kSmallBody, &UserHandlers::create));
  M3U_CHECK(add(kGet, "/users/{id}", "getUser", 0, &UserHandlers::get));
  M3U_CHECK(add(kPut, "/users/{id}", "putUser", kSmallBody, &UserHandlers::put));
  return add(kDelete, "/users/{id}", "removeUser", 0, &UserHandlers::erase);
}

}  // namespace m3u_proxy::api
