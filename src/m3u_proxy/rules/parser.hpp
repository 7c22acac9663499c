// Parser: the grammar of filters and rules (recursive descent, one token of look-ahead apart from
// "(", which begins a group when a SET precedes its ")").
#pragma once

#include <string_view>

#include <m3u_proxy/rules/diagnostic.hpp>
#include <m3u_proxy/rules/syntax.hpp>

namespace m3u_proxy::rules {

/// Reads a filter: a condition. What cannot be read adds to `diagnostics`; a wrong operator does
/// not stop the reading, a wrong structure does. The result is usable when nothing was added.
Syntax parse_filter(std::string_view expression, Diagnostics& diagnostics);
/// Reads a rule: groups, or an optional condition and its actions.
Syntax parse_rule(std::string_view expression, Diagnostics& diagnostics);

}  // namespace m3u_proxy::rules
