// Access: who asks, and what they may do.
//
// A person comes with a session's cookie, a program with a bearer token. Both are secrets of which
// the store has hashes. Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/http/request.hpp>
#include <m3u_proxy/jobs/workers.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::api {

/// Each may do what those before it may.
enum class Role : std::uint8_t { kNobody, kViewer, kEditor, kAdmin };
/// "nobody", "viewer", "editor", "admin".
std::string_view to_string(Role role);
/// nullopt: none of the last three words.
std::optional<Role> role_of(std::string_view word);
/// What a token's scopes (a JSON list of "read", "edit", "admin") allow at most.
Role role_of_scopes(std::string_view scopes);

/// Who asks.
struct Principal {
  Role role = Role::kNobody;
  std::string name{};  ///< of the user or the token, for the audit log
  std::optional<Uuid> user{};
  std::string session{};     ///< the cookie's value, when it came with one
  std::string csrf_token{};  ///< what has to come with changes of that session
  store::Time session_expires{};
};

/// The cookie with a session.
inline constexpr std::string_view kSessionCookie = "m3u_session";
inline constexpr std::string_view kTokenPrefix = "m3u_";

class Access {
 public:
  /// All outlive this.
  Access(store::Store& store, jobs::Clock clock) : store_(store), clock_(std::move(clock)) {}

  /// Nobody when the request brings nothing. Problems: 401 for a token or an expired session that
  /// opens nothing (any more); those of the store.
  Outcome<Principal> identify(const http::Request& request);
  /// Whether a change that came with a session's cookie was meant: its X-CSRF-Token. Problem: 403.
  static Outcome<void> check_csrf(const http::Request& request, const Principal& principal);

  struct Opened {
    std::string token;  ///< for the cookie
    std::string csrf_token;
    store::Time expires{};
  };
  /// Begins a session of a user. Errors: of the store.
  Result<Opened> open_session(const store::User& user, const http::Request& request);
  /// What a session's CSRF token is: it follows from the cookie, which no other page can read.
  static Result<std::string> csrf_token_of(std::string_view session);

 private:
  Outcome<Principal> by_token(std::string_view token);
  Outcome<Principal> by_session(std::string_view token);

  store::Store& store_;
  jobs::Clock clock_;
};

/// The value of a cookie; empty when there is none of that name.
std::string_view cookie(const http::Request& request, std::string_view name);

}  // namespace m3u_proxy::api
