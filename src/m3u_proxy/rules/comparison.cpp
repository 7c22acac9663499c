#include <algorithm>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/rules/comparison.hpp>

namespace m3u_proxy::rules {
namespace {

/// Both without leading zeros, so the longer one is the larger.
std::strong_ordering compare_whole(std::string_view a, std::string_view b) {
  const auto order = a.size() <=> b.size();
  return order != 0 ? order : a <=> b;
}

struct ChannelNumber {
  std::string_view whole;  ///< both without leading zeros
  std::string_view part;
};

std::optional<ChannelNumber> parse_channel_number(std::string_view text) {
  text = trim(text);
  const auto digits = [](std::string_view part) {
    return !part.empty() && std::ranges::all_of(part, is_ascii_digit);
  };
  const auto without_zeros = [](std::string_view part) {
    part.remove_prefix(std::min(part.find_first_not_of('0'), part.size()));
    return part;
  };
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  const std::string_view part = dot == std::string_view::npos ? "0" : text.substr(dot + 1);
  if (!digits(whole) || !digits(part)) return std::nullopt;
  return ChannelNumber{.whole = without_zeros(whole), .part = without_zeros(part)};
}

}  // namespace

std::optional<Decimal> parse_decimal(std::string_view text) {
  text = trim(text);
  Decimal number;
  if (text.starts_with('-') || text.starts_with('+')) {
    number.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  const std::size_t dot = text.find('.');
  number.integer = text.substr(0, dot);
  if (number.integer.empty() || !std::ranges::all_of(number.integer, is_ascii_digit))
    return std::nullopt;
  if (dot != std::string_view::npos) {
    number.fraction = text.substr(dot + 1);
    if (number.fraction.empty() || !std::ranges::all_of(number.fraction, is_ascii_digit))
      return std::nullopt;
  }
  while (number.integer.starts_with('0')) number.integer.remove_prefix(1);
  while (number.fraction.ends_with('0')) number.fraction.remove_suffix(1);
  if (number.integer.empty() && number.fraction.empty()) number.negative = false;
  return number;
}

std::strong_ordering compare_decimals(const Decimal& a, const Decimal& b) {
  if (a.negative != b.negative)
    return a.negative ? std::strong_ordering::less : std::strong_ordering::greater;
  auto order = compare_whole(a.integer, b.integer);
  if (order == 0) order = a.fraction <=> b.fraction;
  return a.negative ? 0 <=> order : order;
}

std::optional<std::strong_ordering> compare_channel_numbers(std::string_view a,
                                                            std::string_view b) {
  const auto first = parse_channel_number(a);
  const auto second = parse_channel_number(b);
  if (!first || !second) return std::nullopt;
  const auto order = compare_whole(first->whole, second->whole);
  return order != 0 ? order : compare_whole(first->part, second->part);
}

std::partial_ordering compare_values(std::string_view a, std::string_view b,
                                     std::optional<std::int64_t> b_date) {
  const auto a_number = parse_decimal(a);
  const auto b_number = parse_decimal(b);
  if (a_number && b_number) return compare_decimals(*a_number, *b_number);
  if (b_date) {
    if (const auto a_date = parse_date(a)) return *a_date <=> *b_date;
  }
  if (a_number.has_value() != b_number.has_value()) return std::partial_ordering::unordered;
  return a <=> b;
}

}  // namespace m3u_proxy::rules
