// Principal: who asks, how that is known, and what they may do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/store/time.hpp>

namespace m3u_proxy::api {

/// Each may do what those before it may.
enum class Role : std::uint8_t { kNobody, kViewer, kEditor, kAdmin };
/// "nobody", "viewer", "editor", "admin".
std::string_view to_string(Role role);
/// nullopt: none of the last three words.
std::optional<Role> role_of(std::string_view word);

/// How it is known who somebody is.
enum class Login : std::uint8_t {
  kNone,
  kSession,  ///< a cookie, after a password
  kToken,
  kProxy,  ///< the word of a trusted proxy
};
/// "none", "session", "token", "proxy".
std::string_view to_string(Login login);

/// Who asks.
struct Principal {
  Role role = Role::kNobody;
  Login login = Login::kNone;
  std::string name{};  ///< of the user or the token, for the audit log
  std::optional<Uuid> user{};
  std::string session{};     ///< the cookie's value, when it came with one
  std::string csrf_token{};  ///< what has to come with changes; empty: nothing has to
  store::Time session_expires{};
  std::string refused{};  ///< of nobody: why what came opened nothing
};

}  // namespace m3u_proxy::api
