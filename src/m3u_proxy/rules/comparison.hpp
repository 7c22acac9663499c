// Comparison: the order of two values for `>`, `<`, `>=` and `<=`: as numbers, as instants or as
// text. Pure, thread-safe.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace m3u_proxy::rules {

/// A decimal number as text: exact whatever its length.
struct Decimal {
  bool negative = false;
  std::string_view integer{};   ///< without leading zeros
  std::string_view fraction{};  ///< without trailing zeros
};

/// Reads `[+-]digits[.digits]`, white space around it allowed. The views point into `text`.
[[nodiscard]] std::optional<Decimal> parse_decimal(std::string_view text);
[[nodiscard]] std::strong_ordering compare_decimals(const Decimal& a, const Decimal& b);

/// The order of two channel numbers, `N` or `N.M`: by N, then by M, both whole numbers, so that 5.2
/// comes before 5.10; nullopt when one of them is none. 84.0 is 84.
[[nodiscard]] std::optional<std::strong_ordering> compare_channel_numbers(std::string_view a,
                                                                          std::string_view b);

/// Both numbers: by value; both dates (base/time.hpp): by instant; one a number and the other
/// not: unordered; else byte by byte. `b_date` is parse_date(b), known beforehand. For a
/// comparison without case both texts must be folded.
[[nodiscard]] std::partial_ordering compare_values(std::string_view a, std::string_view b,
                                                   std::optional<std::int64_t> b_date);

}  // namespace m3u_proxy::rules
