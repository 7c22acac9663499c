// Natural order: texts as people expect them in a list: "Sport 2" before "Sport 10", "Élan" beside
// "Elan". Pure, thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace m3u_proxy {

/// Appends to `out` bytes that order texts, compared byte by byte, by their digits' value and by
/// their letters without accents, strokes and other forms (tools/make_base_letter_table.py). What
/// is alike by that has the same bytes: the texts themselves must decide then. `folded` is the
/// folded text (casefold.hpp); bytes that are not valid UTF-8 count as they are.
void append_natural_key(std::string_view folded, std::string& out);

}  // namespace m3u_proxy
