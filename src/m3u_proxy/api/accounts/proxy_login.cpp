#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include <m3u_proxy/api/accounts/proxy_login.hpp>
#include <m3u_proxy/api/accounts/user_json.hpp>
#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/base/line_text.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>

namespace m3u_proxy::api {
namespace {

using config::LoginConfig;
using config::NewUsers;

/// What GET /session says of it; the next request asks the proxy's word again.
constexpr std::chrono::hours kShownFor{24};

/// The value of the only field of that name; empty when there is none. Problem: 401 for a second
/// one, which may be what the client sent itself.
Outcome<std::string_view> only_field(const http::Request& request, std::string_view name) {
  std::string_view value;
  bool is_there = false;
  for (const http::Header& header : request.headers) {
    if (!equals_ascii_case(header.name, name)) continue;
    if (is_there)
      return problem(401, fmt::format("the proxy sent {} twice", name),
                     "have it replace what comes from outside");
    is_there = true;
    value = header.value;
  }
  return value;
}

/// A comma may be the seam of two fields that somebody between joined.
bool is_name(std::string_view name) {
  return name.size() <= ProxyLogin::kLongestName && is_valid_utf8(name) && is_one_line(name) &&
         !name.contains(',');
}

/// Whether one of `groups`, which proxies separate by ',' or '|', is in `list`.
bool is_in(std::string_view groups, const std::vector<config::Named>& list) {
  while (!groups.empty()) {
    const std::size_t end = std::min(groups.find_first_of(",|"), groups.size());
    const std::string_view group = trim(groups.substr(0, end));
    groups.remove_prefix(std::min(end + 1, groups.size()));
    if (std::ranges::any_of(list, [&](const config::Named& known) { return known.name == group; }))
      return true;
  }
  return false;
}

Role role_of_groups(std::string_view groups, const LoginConfig& how) {
  if (is_in(groups, how.admin_groups)) return Role::kAdmin;
  if (is_in(groups, how.editor_groups)) return Role::kEditor;
  return is_in(groups, how.viewer_groups) ? Role::kViewer : Role::kNobody;
}

std::optional<Role> role_of_new(NewUsers users) {
  switch (users) {
    case NewUsers::kNone:
      break;
    case NewUsers::kViewer:
      return Role::kViewer;
    case NewUsers::kEditor:
      return Role::kEditor;
    case NewUsers::kAdmin:
      return Role::kAdmin;
  }
  return std::nullopt;
}

std::unexpected<Problem> stays_out(std::string_view name, std::string_view why) {
  log::info("api", "\"{}\", whom a proxy named, stays out: {}", excerpt(name), why);
  return problem(401, fmt::format("you are {}: {}", excerpt(name), why));
}

}  // namespace

void ProxyLogin::configure(const LoginConfig& config) {
  auto next = std::make_shared<const LoginConfig>(config);
  const std::scoped_lock lock(mutex_);
  config_.swap(next);
}

ProxyLogin::Config ProxyLogin::config() const {
  const std::scoped_lock lock(mutex_);
  return config_;
}

Outcome<std::optional<ProxyLogin::Word>> ProxyLogin::word_of(const http::Request& request,
                                                             const LoginConfig& how) {
  if (!http::comes_from_trusted_proxy(
          {.peer = request.peer, .secure = request.secure, .local_port = request.local_port},
          *addresses_.get()))
    return std::nullopt;
  M3U_TRY(const std::string_view name, only_field(request, how.user_header));
  if (name.empty()) return std::nullopt;
  if (!is_name(name)) return problem(401, "what the proxy sent is nobody's name");
  Word word{.name = name, .role = {}};
  if (!how.groups_header.empty()) {
    M3U_TRY(const std::string_view groups, only_field(request, how.groups_header));
    word.role = role_of_groups(groups, how);
  }
  return word;
}

Outcome<std::optional<Principal>> ProxyLogin::identify(const http::Request& request) {
  const Config how = config();
  if (how->user_header.empty()) return std::nullopt;
  M3U_TRY(const auto word, word_of(request, *how));
  if (!word) return std::nullopt;
  if (word->role == Role::kNobody)
    return stays_out(word->name, "none of your groups may come in here");
  M3U_TRY(const store::User user, user_of(*word, *how));
  M3U_TRY(std::string csrf, store_.key().sign("csrf token", to_string(user.id)));
  return Principal{.role = role_of(user.role).value_or(Role::kNobody),
                   .login = Login::kProxy,
                   .name = user.name,
                   .user = user.id,
                   .csrf_token = std::move(csrf),
                   .session_expires = clock_() + kShownFor};
}

Outcome<store::User> ProxyLogin::user_of(const Word& word, const LoginConfig& how) {
  M3U_TRY(auto user, store_.users().find(word.name));
  if (!user) {
    const std::optional<Role> role = word.role ? word.role : role_of_new(how.new_users);
    if (!role) return stays_out(word.name, "there is no user of this name here");
    M3U_TRY(user, make(word, *role));
  }
  if (user->disabled) return stays_out(word.name, "this user is disabled");
  if (!word.role || to_string(*word.role) == user->role) return *std::move(user);
  return with_role(*std::move(user), *word.role);
}

Outcome<store::User> ProxyLogin::make(const Word& word, Role role) {
  auto made = store_.users().create(
      {.name = std::string(word.name), .role = std::string(to_string(role))}, clock_());
  if (!made) {
    // A page asks for several things at once: another request was first.
    M3U_TRY(auto there, store_.users().find(word.name));
    if (there) return *std::move(there);
    return std::unexpected<Problem>(made.error());
  }
  log::info("api", "\"{}\", whom a proxy named, is {} now", excerpt(word.name), to_string(role));
  M3U_CHECK(record("users.create", *made, {}));
  return *std::move(made);
}

Outcome<store::User> ProxyLogin::with_role(store::User user, Role role) {
  const std::string before = user_json(user);
  user.role = to_string(role);
  const auto now = store_.users().put(user, clock_());
  if (!now) {
    // Somebody else changed the user meanwhile; the word counts for this request all the same.
    if (now.error().code == ErrorCode::kConflict) return user;
    return std::unexpected<Problem>(now.error());
  }
  M3U_CHECK(record("users.change", *now, before));
  return *now;
}

Result<> ProxyLogin::record(std::string_view action, const store::User& user,
                            std::string_view before) {
  return api::record(store_, clock_(), {.login = Login::kProxy, .name = user.name},
                     {.action = action,
                      .target = to_string(user.id),
                      .before = std::string(before),
                      .after = user_json(user)});
}

}  // namespace m3u_proxy::api
