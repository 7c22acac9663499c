// Web pages in place of lists: what providers send when an account has expired.
#pragma once

#include <string_view>

namespace m3u_proxy::sources {

/// Whether a text that begins with `head` is an HTML page, whatever white space or byte order mark
/// comes first.
bool is_web_page(std::string_view head);

}  // namespace m3u_proxy::sources
