// Unicode classes: what RE2 takes for ASCII (`\w`, `\s`, `\d` and their capitals) spelled so that
// it means every script's letters, blanks and digits, as in other languages' regular expressions.
#pragma once

#include <string>
#include <string_view>

namespace m3u_proxy::rules {

/// `source`, a regular expression in RE2's syntax, with these classes replaced, inside `[…]` too:
///
///   \w  letters, marks, digits (categories L, M, Nd, Nl) and `_`
///   \s  Unicode's White_Space
///   \d  digits (category Nd)
///
/// Everything else stays: `\b` and `[[:alpha:]]` are ASCII, `\Q…\E` is text. A source that RE2
/// refuses is still refused. Thread-safe; the first `\W` inside brackets costs 20 ms.
[[nodiscard]] std::string with_unicode_classes(std::string_view source);

}  // namespace m3u_proxy::rules
