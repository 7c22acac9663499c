#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/api/access.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/store/tokens.hpp>

namespace m3u_proxy::api {
namespace {

constexpr std::chrono::hours kIdle{24 * 7};      ///< of a session
constexpr std::chrono::hours kLongest{24 * 30};  ///< of a session, used or not
constexpr std::chrono::minutes kBetweenTouches{5};
constexpr std::size_t kLongestClient = 200;
constexpr std::size_t kLongestSecret = 128;
constexpr std::string_view kBearer = "Bearer ";

/// Who can be known is let in, also where the disk is full: that they were here is only noted.
bool noted(const Result<>& touched) {
  if (!touched)
    log::warn("api", "when this was used last is not noted: {}", to_string(touched.error()));
  return touched.has_value();
}

}  // namespace

Role role_of_scopes(std::string_view scopes) {
  const auto list = config::parse_json(scopes, "scopes");
  Role role = Role::kNobody;
  if (!list) return role;
  for (const ConfigNode& scope : list->items) {
    if (scope.text == "read") role = std::max(role, Role::kViewer);
    if (scope.text == "edit") role = std::max(role, Role::kEditor);
    if (scope.text == "admin") role = std::max(role, Role::kAdmin);
  }
  return role;
}

std::string_view cookie(const http::Request& request, std::string_view name) {
  for (const http::Header& header : request.headers) {
    if (!equals_ascii_case(header.name, "Cookie")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = trim(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const std::size_t equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == name)
        return pair.substr(equals + 1);
    }
  }
  return {};
}

Outcome<Principal> Access::identify(const http::Request& request) {
  const std::string_view authorization = request.header("Authorization");
  const bool is_bearer = starts_with_ascii_case(authorization, kBearer);
  const std::string_view token =
      is_bearer ? trim(authorization.substr(kBearer.size())) : std::string_view();
  if (token.starts_with(kTokenPrefix)) return by_token(token);
  // A proxy may send what it got from its users along, which is none of ours.
  M3U_TRY(auto named, proxy_login_.identify(request));
  if (named) return *std::move(named);
  if (is_bearer) return by_token(token);
  if (!authorization.empty())
    return problem(401, "this kind of authorization is not known", "send a bearer token");
  const std::string_view session = cookie(request, kSessionCookie);
  if (!session.empty()) return by_session(session);
  return Principal();
}

bool Access::may_still(const Uuid& id, Role least) {
  const auto user = store_.users().find(id);
  if (!user) return true;
  return *user && !(*user)->disabled && role_of((*user)->role).value_or(Role::kNobody) >= least;
}

Outcome<Principal> Access::by_token(std::string_view token) {
  const auto refused = [] {
    return problem(401, "this token opens nothing", "it was revoked, is over, or has a slip");
  };
  if (!token.starts_with(kTokenPrefix) || token.size() > kLongestSecret) return refused();
  M3U_TRY(const std::string hash, store::hash_token(token));
  const store::Time now = clock_();
  M3U_TRY(const auto found, store_.tokens().find(hash, now));
  if (!found || found->kind != store::TokenKind::kApi) return refused();
  Principal out{.role = role_of_scopes(found->scopes),
                .login = Login::kToken,
                .name = "token " + found->name};
  if (found->user) {
    M3U_TRY(const auto user, store_.users().find(*found->user));
    if (!user || user->disabled) return refused();
    out.user = user->id;
    out.name += " of " + user->name;  // names of tokens need not differ
    out.role = std::min(out.role, role_of(user->role).value_or(Role::kNobody));
  }
  if (now - found->last_used > kBetweenTouches) noted(store_.tokens().touch(found->id, now));
  return out;
}

Outcome<Principal> Access::by_session(std::string_view token) {
  if (token.size() > kLongestSecret) return Principal();
  M3U_TRY(const std::string hash, store::hash_token(token));
  const store::Time now = clock_();
  M3U_TRY(const auto found, store_.users().find_session(hash, now));
  // With a session that is over one is nobody, and may log in.
  if (!found) return Principal();
  M3U_TRY(const auto user, store_.users().find(found->user));
  if (!user) return Principal();
  store::Time expires = found->expires;
  if (now - found->last_seen > kBetweenTouches) {
    const store::Time longer = std::min(now + kIdle, found->created + kLongest);
    if (noted(store_.users().touch_session(hash, now, longer))) expires = longer;
  }
  M3U_TRY(std::string csrf, csrf_token_of(token));
  return Principal{.role = role_of(user->role).value_or(Role::kNobody),
                   .login = Login::kSession,
                   .name = user->name,
                   .user = user->id,
                   .session = std::string(token),
                   .csrf_token = std::move(csrf),
                   .session_expires = expires};
}

Outcome<void> Access::check_csrf(const http::Request& request, const Principal& principal) {
  if (principal.csrf_token.empty()) return {};
  M3U_TRY(const bool equal,
          store::equal_secrets(request.header("X-CSRF-Token"), principal.csrf_token));
  if (!equal)
    return problem(403, "this change did not come with the right X-CSRF-Token",
                   "GET /session says it");
  return {};
}

Result<Access::Opened> Access::open_session(const store::User& user, const http::Request& request) {
  M3U_TRY(std::string token, store::make_token());
  M3U_TRY(std::string hash, store::hash_token(token));
  M3U_TRY(std::string csrf, csrf_token_of(token));
  const store::Time now = clock_();
  M3U_CHECK(store_.users().prune_sessions(now));
  const store::Time expires = now + kIdle;
  M3U_CHECK(store_.users().add_session(
      {.hash = std::move(hash),
       .user = user.id,
       .created = now,
       .expires = expires,
       .last_seen = now,
       .client = excerpt(request.header("User-Agent"), kLongestClient)}));
  return Opened{.token = std::move(token), .csrf_token = std::move(csrf), .expires = expires};
}

Result<std::string> Access::csrf_token_of(std::string_view session) {
  return store::hash_token(fmt::format("csrf {}", session));
}

}  // namespace m3u_proxy::api
