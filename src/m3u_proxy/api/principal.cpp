#include <algorithm>
#include <array>

#include <m3u_proxy/api/principal.hpp>

namespace m3u_proxy::api {
namespace {

constexpr std::array<std::string_view, 4> kRoles = {"nobody", "viewer", "editor", "admin"};
constexpr std::array<std::string_view, 4> kLogins = {"none", "session", "token", "proxy"};

}  // namespace

std::string_view to_string(Role role) { return kRoles[static_cast<std::size_t>(role)]; }

std::optional<Role> role_of(std::string_view word) {
  const auto* const found = std::ranges::find(kRoles, word);
  if (found == kRoles.end() || found == kRoles.begin()) return std::nullopt;
  return static_cast<Role>(found - kRoles.begin());
}

std::string_view to_string(Login login) { return kLogins[static_cast<std::size_t>(login)]; }

}  // namespace m3u_proxy::api
