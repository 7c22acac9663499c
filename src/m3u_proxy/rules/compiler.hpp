// Compiler: makes a Program of an expression's Syntax and reports what is wrong with its fields,
// values and patterns, everything at once.
#pragma once

#include <string_view>

#include <m3u_proxy/rules/diagnostic.hpp>
#include <m3u_proxy/rules/program.hpp>
#include <m3u_proxy/rules/syntax.hpp>

namespace m3u_proxy::rules {

/// Compiles `syntax`, read from `expression`. Errors go to `errors`: the program may be used only
/// when there are none.
Program compile_program(catalog::Domain domain, std::string_view expression, const Syntax& syntax,
                        const Environment& environment, Diagnostics& errors);

}  // namespace m3u_proxy::rules
