// The API's document: api/openapi.yaml as JSON, a part of the program.
#pragma once

#include <string_view>

namespace m3u_proxy::api {

std::string_view document();

}  // namespace m3u_proxy::api
