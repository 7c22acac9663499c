// Access: who asks, and what they may do.
//
// A person comes with a session's cookie or by the word of a trusted proxy, a program with a bearer
// token. Cookies and tokens are secrets of which the store has hashes. Where a request brings
// several, our own token counts first, then the proxy's word, then the cookie. Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include <m3u_proxy/api/accounts/proxy_login.hpp>
#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/api/principal.hpp>
#include <m3u_proxy/http/request.hpp>
#include <m3u_proxy/jobs/workers.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::api {

/// What a token's scopes (a JSON list of "read", "edit", "admin") allow at most.
Role role_of_scopes(std::string_view scopes);

/// The cookie with a session.
inline constexpr std::string_view kSessionCookie = "m3u_session";
inline constexpr std::string_view kTokenPrefix = "m3u_";

class Access {
 public:
  /// All outlive this.
  Access(store::Store& store, const http::LivePolicy& addresses, jobs::Clock clock)
      : store_(store), clock_(std::move(clock)), proxy_login_(store_, addresses, clock_) {}

  /// How proxies say who somebody is, from now on.
  void configure(const config::LoginConfig& config) { proxy_login_.configure(config); }

  /// Nobody when the request brings nothing. Problems: 401 for a token that opens nothing (any
  /// more), and for who a proxy names and may not come in; those of the store.
  Outcome<Principal> identify(const http::Request& request);
  /// Whether a change was meant that came with what browsers send by themselves, a cookie or what
  /// a proxy adds: its X-CSRF-Token. Problem: 403.
  static Outcome<void> check_csrf(const http::Request& request, const Principal& principal);

  /// Whether a user may do as much by what is stored of them; true where that cannot be found out.
  bool may_still(const Uuid& user, Role least);

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
  ProxyLogin proxy_login_;
};

/// The value of a cookie; empty when there is none of that name.
std::string_view cookie(const http::Request& request, std::string_view name);

}  // namespace m3u_proxy::api
