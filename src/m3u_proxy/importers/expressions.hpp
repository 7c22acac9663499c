// Expressions: texts and patterns of other programs in the terms of our expression language
// (docs/expressions.md). Pure and thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::importers {

/// A text of a condition in double quotes: what is there is taken as it is.
std::string text_literal(std::string_view text);
/// The same for a value after `=`: its dollars are no captures.
std::string value_literal(std::string_view text);

/// `field case_sensitive equals "text"`
std::string is_exactly(std::string_view field, std::string_view text);
/// `field case_sensitive matches "pattern"`
std::string matches(std::string_view field, std::string_view pattern);

/// A pattern for exactly this text.
std::string escaped_pattern(std::string_view text);
/// Conditions of which one is true when the field is exactly one of `texts`; each short enough for
/// one expression.
std::vector<std::string> is_one_of(std::string_view field, const std::vector<std::string>& texts);
/// `first OR second OR …`
std::string any_of(const std::vector<std::string>& conditions);

/// A pattern of Rust, Python, PHP or Go as RE2 takes it. Error: kConfig, with what RE2 says.
Result<std::string> pattern_for_us(std::string_view pattern);
/// How many groups a pattern has that pattern_for_us() gave.
int group_count(std::string_view pattern);

/// A replacement with `$1`, `${1}`, `$name` or `\1` as a value of ours, without quotes; the numbers
/// of its groups grow by `shift`.
std::string replacement_for_us(std::string_view replacement, int shift);

/// A rule that puts `replacement` in the place of what `pattern` finds first in `field`.
/// Error: kConfig.
Result<std::string> replacing_rule(std::string_view field, std::string_view pattern,
                                   std::string_view replacement);

}  // namespace m3u_proxy::importers
