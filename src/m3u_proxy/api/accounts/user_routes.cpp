#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/api/accounts/account_routes.hpp>
#include <m3u_proxy/api/accounts/user_json.hpp>
#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/request_body.hpp>

namespace m3u_proxy::api {
namespace {

using Needed = Fields::Needed;
using store::User;

constexpr std::size_t kLongestName = 100;
constexpr std::size_t kShortestPassword = 8;

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
  /// The body, over what is there.
  Outcome<User> read(const Call& call, User user);
  /// One who can let others in has to stay.
  Outcome<void> check_an_admin_stays(const Uuid& without);
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

Outcome<User> UserHandlers::read(const Call& call, User user) {
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  const auto name = fields.text("name", Needed::kYes, kLongestName);
  const auto role = fields.text("role", Needed::kYes, kLongestName);
  const auto password = fields.text("password", Needed::kNo, store::Passwords::kLongest);
  const auto disabled = fields.flag("disabled", Needed::kNo);
  if (role && !role_of(*role)) fields.wrong("role", "invalid", "role is viewer, editor or admin");
  if (password && password->size() < kShortestPassword)
    fields.wrong("password", "too_short",
                 fmt::format("a password has at least {} bytes", kShortestPassword));
  M3U_CHECK(fields.finish());
  user.name = *name;
  user.role = *role;
  user.disabled = disabled.value_or(false);
  if (password) {
    M3U_TRY(user.password_hash, context_.passwords.hash(*password));
  }
  return user;
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
  M3U_TRY(const User wanted, read(call, {}));
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
  M3U_TRY(const User before, find(call));
  M3U_CHECK(check_revision(call.request, before.revision));
  M3U_TRY(const User wanted, read(call, before));
  if (wanted.role != "admin" || wanted.disabled) M3U_CHECK(check_an_admin_stays(before.id));
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
                    .after = user_json(now)}));
  return shown(call, now);
}

Answer UserHandlers::erase(Call& call) {
  M3U_TRY(const User before, find(call));
  M3U_CHECK(check_revision(call.request, before.revision));
  M3U_CHECK(check_an_admin_stays(before.id));
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
                           .pace = body == 0 ? Pace::kQuick : Pace::kSlow},
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
