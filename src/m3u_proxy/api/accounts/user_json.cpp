#include <m3u_proxy/api/accounts/user_json.hpp>
#include <m3u_proxy/api/answers.hpp>

namespace m3u_proxy::api {

std::string user_json(const store::User& user) {
  std::string text;
  Json json(text);
  json.begin_object();
  id_member(json, "id", user.id);
  json.member("name", std::string_view(user.name))
      .member("role", std::string_view(user.role))
      .member("disabled", user.disabled)
      .member("has_password", !user.password_hash.empty())
      .member("revision", user.revision);
  time_member(json, "created", user.created);
  time_member(json, "updated", user.updated);
  json.end_object();
  return text;
}

}  // namespace m3u_proxy::api
