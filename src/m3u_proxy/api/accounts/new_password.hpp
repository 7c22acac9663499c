// New password: what every password has to be that somebody chooses.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/api/request_body.hpp>

namespace m3u_proxy::api {

/// A member of a body that is a new password: at least 8 characters, at most Passwords::kLongest
/// bytes. What is wrong with it is noted in `fields`.
std::optional<std::string> new_password(Fields& fields, std::string_view member,
                                        Fields::Needed needed);

}  // namespace m3u_proxy::api
