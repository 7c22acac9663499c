// A user as JSON: in answers and in the audit log. Without the password's hash.
#pragma once

#include <string>

#include <m3u_proxy/store/users.hpp>

namespace m3u_proxy::api {

/// The document's User.
std::string user_json(const store::User& user);

}  // namespace m3u_proxy::api
