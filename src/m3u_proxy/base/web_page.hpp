// Web pages in place of lists and guides: what servers send for a wrong address, and providers when
// an account has expired.
#pragma once

#include <string_view>

namespace m3u_proxy {

/// Whether a text that begins with `head` is an HTML page, whatever white space or byte order mark
/// comes first.
bool is_web_page(std::string_view head);

}  // namespace m3u_proxy
