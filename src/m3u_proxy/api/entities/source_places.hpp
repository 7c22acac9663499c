// Source places: from where people who use the API may have lists read. What a configuration file
// says was written by who runs the service, and may name any place.
#pragma once

#include <string_view>
#include <vector>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/config/named.hpp>

namespace m3u_proxy::api {

/// An address on the network is fine here (whom it may reach is checked at each connection). A
/// file, also one that an account's `password_file` names, has to be below one of `folders`,
/// symbolic links followed; `password_env` is refused: either could be sent to any server. An empty
/// one is fine. Error: kInvalidArgument.
Result<> check_place(const std::vector<config::Named>& folders, std::string_view location);

}  // namespace m3u_proxy::api
