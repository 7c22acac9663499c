// The API's document: api/openapi.yaml as JSON, a part of the program, and pages that
// show it (api/docs/).
#pragma once

#include <string_view>

namespace m3u_proxy::api {

std::string_view document();

/// The pages that show it, without anything from elsewhere: HTML, JavaScript, CSS.
std::string_view docs_page();
std::string_view docs_script();
std::string_view docs_style();

}  // namespace m3u_proxy::api
