// HTML entities: the characters behind names such as `&eacute;`, which people write although XML
// does not know them. From the list of the HTML standard (names that end with a semicolon).
#pragma once

#include <string_view>

namespace m3u_proxy {

/// The UTF-8 text that `name` (without & and ;) stands for; "" when HTML has no such name.
/// Names are case-sensitive. Thread-safe.
std::string_view html_entity(std::string_view name);

}  // namespace m3u_proxy
