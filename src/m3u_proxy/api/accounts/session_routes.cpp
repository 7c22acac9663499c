#include <fmt/format.h>

#include <m3u_proxy/api/accounts/new_password.hpp>
#include <m3u_proxy/api/accounts/session_routes.hpp>
#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/store/tokens.hpp>

namespace m3u_proxy::api {
namespace {

using Needed = Fields::Needed;

constexpr std::size_t kLongestName = 100;
/// Two passwords, a name and a token, escaped: before anybody has logged in, no more.
constexpr std::uint64_t kLoginBody = std::uint64_t{16} << 10U;

std::int64_t seconds_between(store::Time from, store::Time to) {
  return std::chrono::duration_cast<std::chrono::seconds>(to - from).count();
}

class Sessions {
 public:
  explicit Sessions(const SessionContext& context) : context_(context) {}

  Answer setup_state(Call& call);
  Answer set_up(Call& call);
  Answer log_in(Call& call);
  Answer show(Call& call);
  Answer log_out(Call& call);
  Answer set_password(Call& call);

 private:
  Answer session_answer(const Principal& principal, const Uuid& user) const;
  Answer begin(Call& call, const store::User& user);
  [[nodiscard]] std::string client_of(const Call& call) const;
  /// Writes down what somebody did with their own account.
  [[nodiscard]] Result<> note(std::string_view action, const std::string& name,
                              const Uuid& user) const {
    return record(context_.api.store, now(), {.name = name},
                  {.action = action, .target = to_string(user)});
  }
  [[nodiscard]] store::Time now() const { return context_.api.clock(); }
  /// Whether a password is a user's; takes the same time where there is no such user.
  Result<bool> is_password(const std::optional<store::User>& user, std::string_view password);

  SessionContext context_;
  std::mutex mutex_;
  std::string nobodys_hash_;
};

void add_cookie(http::Response& response, const Call& call, std::string_view value,
                std::int64_t seconds) {
  response.add("Set-Cookie", fmt::format("{}={}; Path={}/; Max-Age={}; HttpOnly; SameSite=Strict{}",
                                         kSessionCookie, value, call.base.prefix, seconds,
                                         call.base.scheme == "https" ? "; Secure" : ""));
}

std::string Sessions::client_of(const Call& call) const {
  const http::Request& request = call.request;
  const auto address = http::client_address(
      request.headers,
      {.peer = request.peer, .secure = request.secure, .local_port = request.local_port},
      *context_.api.addresses.get());
  return address ? to_string(*address) : "local";
}

Result<bool> Sessions::is_password(const std::optional<store::User>& user,
                                   std::string_view password) {
  if (user && !user->password_hash.empty() && !user->disabled)
    return context_.passwords.verify(password, user->password_hash);
  std::string hash;
  {
    const std::scoped_lock lock(mutex_);
    if (nobodys_hash_.empty()) {
      M3U_TRY(const std::string random, store::make_token());
      M3U_TRY(nobodys_hash_, context_.passwords.hash(random));
    }
    hash = nobodys_hash_;
  }
  M3U_CHECK(context_.passwords.verify(password, hash));
  return false;
}

Answer Sessions::session_answer(const Principal& principal, const Uuid& user) const {
  std::string text;
  Json json(text);
  json.begin_object().key("user").begin_object();
  id_member(json, "id", user);
  json.member("name", std::string_view(principal.name))
      .member("role", to_string(principal.role))
      .end_object()
      .member("csrf_token", std::string_view(principal.csrf_token));
  time_member(json, "expires", principal.session_expires);
  json.member("version", std::string_view(context_.api.version)).end_object();
  return json_answer(std::move(text));
}

Answer Sessions::begin(Call& call, const store::User& user) {
  M3U_TRY(const auto opened, context_.access.open_session(user, call.request));
  Answer answer = session_answer({.role = role_of(user.role).value_or(Role::kNobody),
                                  .name = user.name,
                                  .csrf_token = opened.csrf_token,
                                  .session_expires = opened.expires},
                                 user.id);
  if (answer) add_cookie(*answer, call, opened.token, seconds_between(now(), opened.expires));
  return answer;
}

Answer Sessions::setup_state(Call& /*call*/) {
  M3U_TRY(const bool needed, context_.setup.needed());
  return json_answer(fmt::format(R"({{"needed":{}}})", needed));
}

Answer Sessions::set_up(Call& call) {
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  const auto token = fields.text("token", Needed::kYes, 128);
  const auto name = fields.text("name", Needed::kYes, kLongestName);
  const auto password = new_password(fields, "password", Needed::kYes);
  M3U_CHECK(fields.finish());
  const std::string client = client_of(call);
  if (const auto wait = context_.limiter.wait(client, "setup", now()); wait.count() > 0)
    return problem(429, "too many tries", "wait a little");
  auto user = context_.setup.use(*token, *name, *password, now());
  if (!user) {
    if (user.error().code != ErrorCode::kNotFound) return std::unexpected(user.error());
    context_.limiter.failed(client, "setup", now());
    return problem(403, user.error().message, user.error().hint);
  }
  log::info("api", "the administrator \"{}\" was made", excerpt(user->name));
  M3U_CHECK(note("session.setup", user->name, user->id));
  return begin(call, *user);
}

Answer Sessions::log_in(Call& call) {
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  const auto name = fields.text("name", Needed::kYes, kLongestName);
  const auto password = fields.text("password", Needed::kYes, store::Passwords::kLongest);
  M3U_CHECK(fields.finish());
  const std::string client = client_of(call);
  if (const auto wait = context_.limiter.wait(client, *name, now()); wait.count() > 0) {
    Problem slow(429, "too many tries", "wait as long as Retry-After says");
    slow.retry_after = std::chrono::ceil<std::chrono::seconds>(wait).count();
    return std::unexpected<Problem>(std::move(slow));
  }
  M3U_TRY(const auto user, context_.api.store.users().find(*name));
  M3U_TRY(const bool right, is_password(user, *password));
  if (!right) {
    context_.limiter.failed(client, *name, now());
    log::warn("api", "a login as \"{}\" from {} failed", excerpt(*name), client);
    return problem(401, "the name or the password is wrong");
  }
  context_.limiter.succeeded(client, *name);
  Answer answer = begin(call, *user);
  if (answer) M3U_CHECK(note("session.login", user->name, user->id));
  return answer;
}

Answer Sessions::show(Call& call) {
  if (call.principal.csrf_token.empty() || !call.principal.user)
    return problem(401,
                   call.principal.refused.empty() ? "there is no session" : call.principal.refused);
  return session_answer(call.principal, *call.principal.user);
}

Answer Sessions::log_out(Call& call) {
  if (!call.principal.session.empty()) {
    M3U_CHECK(Access::check_csrf(call.request, call.principal));
    M3U_TRY(const std::string hash, store::hash_token(call.principal.session));
    M3U_CHECK(context_.api.store.users().end_session(hash));
    if (call.principal.user)
      M3U_CHECK(note("session.logout", call.principal.name, *call.principal.user));
  }
  http::Response response = http::empty_response();
  add_cookie(response, call, "", 0);
  return response;
}

Answer Sessions::set_password(Call& call) {
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  const auto old = fields.text("old", Needed::kYes, store::Passwords::kLongest);
  const auto password = new_password(fields, "new", Needed::kYes);
  M3U_CHECK(fields.finish());
  if (call.principal.session.empty() || !call.principal.user)
    return problem(403, "you did not come in by a password", "log in with yours to change it");
  M3U_TRY(auto user, context_.api.store.users().find(*call.principal.user));
  if (!user) return problem(401, "there is no session");
  const std::string client = client_of(call);
  if (const auto wait = context_.limiter.wait(client, user->name, now()); wait.count() > 0)
    return problem(429, "too many tries", "wait a little");
  M3U_TRY(const bool right, is_password(user, *old));
  if (!right) {
    context_.limiter.failed(client, user->name, now());
    return field_problem("old", "wrong", "this is not your password");
  }
  M3U_TRY(user->password_hash, context_.passwords.hash(*password));
  // This ends all of the user's sessions, also those that somebody else may have.
  M3U_TRY(const store::User changed, context_.api.store.users().put(*user, now()));
  M3U_CHECK(note("session.password", changed.name, changed.id));
  return begin(call, changed);
}

}  // namespace

Result<> add_session_routes(Operations& operations, const SessionContext& context) {
  const auto sessions = std::make_shared<Sessions>(context);
  using Work = Answer (Sessions::*)(Call&);
  const auto add = [&](http::Method method, std::string_view path, OperationOptions options,
                       Work work) {
    return operations.add(method, path, std::move(options),
                          [sessions, work](Call& call) { return ((*sessions).*work)(call); });
  };
  using enum http::Method;
  constexpr Role kAnybody = Role::kNobody;
  M3U_CHECK(add(kGet, "/setup", {.id = "getSetup", .least = kAnybody}, &Sessions::setup_state));
  M3U_CHECK(add(kPost, "/setup",
                {.id = "setUp", .least = kAnybody, .body_limit = kLoginBody, .pace = Pace::kSlow},
                &Sessions::set_up));
  M3U_CHECK(add(kPost, "/session",
                {.id = "logIn", .least = kAnybody, .body_limit = kLoginBody, .pace = Pace::kSlow},
                &Sessions::log_in));
  M3U_CHECK(add(kGet, "/session", {.id = "getSession", .least = kAnybody}, &Sessions::show));
  M3U_CHECK(add(kDelete, "/session", {.id = "logOut", .least = kAnybody}, &Sessions::log_out));
  return add(kPut, "/session/password",
             {.id = "setPassword", .body_limit = kLoginBody, .pace = Pace::kSlow},
             &Sessions::set_password);
}

}  // namespace m3u_proxy::api
