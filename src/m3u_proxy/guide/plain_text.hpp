// What a guide's markup says, such as the id in an attribute or the name in an element.
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>

namespace m3u_proxy::guide {

/// Sets `out` to the text that `raw` stands for: references resolved, control characters and spaces
/// at the ends dropped, UTF-8.
void read_plain_text(std::pmr::string& out, std::string_view raw);
/// Whether a text has control characters, which neither a guide nor a playlist can be written with.
bool has_controls(std::string_view text);
/// Drops them.
void drop_controls(std::pmr::string& text);
/// Empties a text that is used again, and gives its memory back where it became large.
void empty_out(std::pmr::string& text);

}  // namespace m3u_proxy::guide
