// Limits of the expression language. Constants: whether an expression is valid never depends on
// the memory limit or on the machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace m3u_proxy::rules {

inline constexpr std::size_t kMaxExpressionBytes = 64U << 10U;
inline constexpr std::size_t kMaxNesting = 100;
/// One quoted text of an expression.
inline constexpr std::size_t kMaxLiteralBytes = 32U << 10U;
/// What an action may leave in a field, and what a field may have at all when it is published.
inline constexpr std::size_t kMaxValueBytes = 64U << 10U;
/// Memory of one regular expression's automaton; a pattern that does not fit the first is given
/// the second, and is an error when it does not fit that either.
inline constexpr std::int64_t kRegexMemory = 1 << 20;
inline constexpr std::int64_t kLargeRegexMemory = 8 << 20;
/// Instructions of all regular expressions of one expression together (a `\w` has 1,400).
inline constexpr int kMaxRegexInstructions = 250'000;
/// Memory of the automaton that searches many patterns at once (too little makes it slow).
inline constexpr std::int64_t kRegexSetMemory = 8 << 20;
/// From how many patterns on one field on a set is faster than one search each.
inline constexpr std::size_t kRegexSetThreshold = 8;
/// From how many searches for a text in one field on its pairs of characters are read first.
inline constexpr std::size_t kPairsThreshold = 4;
/// `$1` to `$99`.
inline constexpr int kMaxCapture = 99;

}  // namespace m3u_proxy::rules
