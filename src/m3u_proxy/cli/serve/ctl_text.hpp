// What `m3u-proxy ctl` prints for people: tables made of the service's answers.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace m3u_proxy::cli {

/// The answer to `command` as text, each line with its LF. An answer that has not the expected
/// members is printed as JSON.
std::string ctl_text(std::string_view command, const nlohmann::ordered_json& answer);

}  // namespace m3u_proxy::cli
